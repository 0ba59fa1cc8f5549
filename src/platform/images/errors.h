// Why container images are refused.
#pragma once

#include "foundation/base/error.h"

namespace aloft::images {

inline constexpr Reason kNoSuchImage{ErrorKind::kNotFound, "NoSuchContainerImage"};
// The archive is at fault: no image, broken, for another machine, or not what its digests say.
inline constexpr Reason kBadImage{ErrorKind::kInvalid, "BadContainerImage"};
inline constexpr Reason kImageTooLarge{ErrorKind::kTooLarge, "ContainerImageTooLarge"};

}  // namespace aloft::images
