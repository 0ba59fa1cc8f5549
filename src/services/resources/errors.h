// What tagging refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::resources {

inline constexpr Reason kBadTag{ErrorKind::kInvalid, "BadTag"};
inline constexpr Reason kTooManyTags{ErrorKind::kExhausted, "TooManyTags"};
inline constexpr Reason kBadSearch{ErrorKind::kInvalid, "BadSearch"};
inline constexpr Reason kBadPageToken{ErrorKind::kInvalid, "ResourcesBadPageToken"};

inline constexpr Reason kReasons[] = {kBadTag, kTooManyTags, kBadSearch, kBadPageToken};

}  // namespace aloft::resources
