// What an instance type's name asks for: "ml.m5.large" is 2 vCPU and 8 GiB.
#pragma once

#include <string_view>

#include "foundation/base/result.h"
#include "platform/compute/task.h"

namespace aloft::compute {

// "ml.<family>.<size>"; "local" is one vCPU and 1 GiB. kUnknownInstanceType where family or size is not known.
// `volume_bytes` 0: 30 GiB.
Result<Limits> LimitsOf(std::string_view instance_type, std::uint64_t volume_bytes = 0);

}  // namespace aloft::compute
