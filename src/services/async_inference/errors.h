// Why asynchronous inference refuses.
#pragma once

#include "foundation/base/error.h"

namespace aloft::async_inference {

inline constexpr Reason kBadRequest{ErrorKind::kInvalid, "BadAsyncRequest"};
inline constexpr Reason kQueueFull{ErrorKind::kThrottled, "AsyncQueueFull"};

inline constexpr Reason kReasons[] = {kBadRequest, kQueueFull};

}  // namespace aloft::async_inference
