// Why a trail was refused. Names are CloudTrail's.
#pragma once

#include "foundation/base/error.h"

namespace aloft::trails {

inline constexpr Reason kTrailNotFound{ErrorKind::kNotFound, "TrailNotFound"};
inline constexpr Reason kTrailExists{ErrorKind::kAlreadyExists, "TrailAlreadyExists"};
inline constexpr Reason kTooManyTrails{ErrorKind::kExhausted, "MaximumNumberOfTrailsExceeded"};
inline constexpr Reason kInvalidTrailName{ErrorKind::kInvalid, "InvalidTrailName"};
inline constexpr Reason kInvalidPrefix{ErrorKind::kInvalid, "InvalidS3Prefix"};
inline constexpr Reason kNoBucket{ErrorKind::kNotFound, "TrailBucketDoesNotExist"};
inline constexpr Reason kInvalidSelectors{ErrorKind::kInvalid, "InvalidTrailSelectors"};
inline constexpr Reason kInvalidCombination{ErrorKind::kInvalid, "InvalidTrailCombination"};

inline constexpr Reason kReasons[] = {kTrailNotFound, kTrailExists, kTooManyTrails,    kInvalidTrailName,
                                      kInvalidPrefix, kNoBucket,    kInvalidSelectors, kInvalidCombination};

}  // namespace aloft::trails
