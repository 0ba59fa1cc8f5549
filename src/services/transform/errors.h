// Why transform refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::transform {

// On the wire ValidationException, but for the last three.
inline constexpr Reason kBadJob{ErrorKind::kInvalid, "BadTransformJob"};
inline constexpr Reason kNotStoppable{ErrorKind::kConflict, "TransformJobEnded"};
inline constexpr Reason kNoSuchJob{ErrorKind::kNotFound, "NoSuchTransformJob"};
inline constexpr Reason kJobExists{ErrorKind::kAlreadyExists, "TransformJobExists"};  // ResourceInUse
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "NotBuilt"};

inline constexpr Reason kReasons[] = {kBadJob, kNotStoppable, kNoSuchJob, kJobExists, kNotBuilt};

}  // namespace aloft::transform
