// Why scaling refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::scaling {

inline constexpr Reason kNoSuchTarget{ErrorKind::kNotFound, "NoSuchScalableTarget"};
inline constexpr Reason kNoSuchPolicy{ErrorKind::kNotFound, "NoSuchScalingPolicy"};
inline constexpr Reason kNoSuchAction{ErrorKind::kNotFound, "NoSuchScheduledAction"};
inline constexpr Reason kBadScaling{ErrorKind::kInvalid, "BadScaling"};
inline constexpr Reason kTooMany{ErrorKind::kExhausted, "TooManyScalingPolicies"};
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "ScalingNotBuilt"};
inline constexpr Reason kBadToken{ErrorKind::kInvalid, "BadScalingToken"};

inline constexpr Reason kReasons[] = {kNoSuchTarget, kNoSuchPolicy, kNoSuchAction, kBadScaling,
                                      kTooMany,      kNotBuilt,     kBadToken};

}  // namespace aloft::scaling
