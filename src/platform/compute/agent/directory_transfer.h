// Buckets as directories of this machine: for tests of the agent without an object store.
#pragma once

#include <memory>
#include <string>

#include "platform/compute/agent/object_transfer.h"

namespace aloft::compute {

std::unique_ptr<ObjectTransfer> OpenDirectoryTransfer(std::string directory);

}  // namespace aloft::compute
