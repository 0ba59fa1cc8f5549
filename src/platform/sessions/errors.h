// Why a session was refused, beside the reasons of identity, factors and federation.
#pragma once

#include "foundation/base/error.h"

namespace aloft::sessions {

inline constexpr Reason kInvalidAuthorizationMessage{ErrorKind::kInvalid, "InvalidAuthorizationMessageException"};
inline constexpr Reason kNoWebSession{ErrorKind::kDenied, "NotSignedIn"};
inline constexpr Reason kCrossSite{ErrorKind::kDenied, "CrossSiteRequest"};
inline constexpr Reason kPasswordChangeRequired{ErrorKind::kDenied, "PasswordChangeRequired"};

inline constexpr Reason kReasons[] = {kInvalidAuthorizationMessage, kNoWebSession, kCrossSite, kPasswordChangeRequired};

}  // namespace aloft::sessions
