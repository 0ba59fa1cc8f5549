// Causes that this room gives beside the common ones of base/error.h.
#pragma once

#include "foundation/base/error.h"

namespace aloft::http {

inline constexpr Reason kBodyTooLarge{ErrorKind::kTooLarge, "BodyTooLarge"};        // more than ReadBody's limit
inline constexpr Reason kMalformedBody{ErrorKind::kInvalid, "MalformedBody"};       // bytes that are no chunked body
inline constexpr Reason kPeerClosed{ErrorKind::kCancelled, "PeerClosed"};           // went away before the end
inline constexpr Reason kPeerTooSlow{ErrorKind::kDeadlineExceeded, "PeerTooSlow"};  // no progress in time
inline constexpr Reason kResponseTooLarge{ErrorKind::kTooLarge, "ResponseTooLarge"};
inline constexpr Reason kMalformedResponse{ErrorKind::kInternal, "MalformedResponse"};

}  // namespace aloft::http
