// Why bytes could not be read as a value.
#pragma once

#include "foundation/base/error.h"

namespace aloft::codec {

inline constexpr Reason kMalformedJson{ErrorKind::kInvalid, "MalformedJson"};
inline constexpr Reason kMalformedXml{ErrorKind::kInvalid, "MalformedXml"};
inline constexpr Reason kMalformedCbor{ErrorKind::kInvalid, "MalformedCbor"};
inline constexpr Reason kMalformedText{ErrorKind::kInvalid, "MalformedText"};  // base64, percent encoding, a date
inline constexpr Reason kInputTooLarge{ErrorKind::kTooLarge, "InputTooLarge"};

}  // namespace aloft::codec
