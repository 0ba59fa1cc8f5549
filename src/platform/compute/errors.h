// Why compute refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::compute {

inline constexpr Reason kNoSuchTask{ErrorKind::kNotFound, "NoSuchTask"};
inline constexpr Reason kBadTaskSpec{ErrorKind::kInvalid, "BadTaskSpec"};
inline constexpr Reason kResourceLimitExceeded{ErrorKind::kExhausted, "ResourceLimitExceeded"};
inline constexpr Reason kUnknownInstanceType{ErrorKind::kInvalid, "UnknownInstanceType"};
inline constexpr Reason kUnknownImage{ErrorKind::kInvalid, "UnknownImage"};

}  // namespace aloft::compute
