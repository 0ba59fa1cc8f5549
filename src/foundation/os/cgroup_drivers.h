// The drivers by name, for detection and for tests on a made-up file tree.
#pragma once

#include <memory>
#include <string>

#include "foundation/os/cgroup.h"

namespace aloft::os::internal {

std::unique_ptr<Cgroups> OpenCgroupsV1(const std::string& mount, const std::string& parent);
std::unique_ptr<Cgroups> OpenCgroupsV2(const std::string& mount, const std::string& parent);

}  // namespace aloft::os::internal
