// How much of the disk a task holds, while it runs and changes things.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace aloft::compute {

// Blocks below the directories, hard links once, plus files that are deleted but still open in one of the processes.
std::uint64_t DiskUsage(const std::vector<std::string>& directories, const std::vector<pid_t>& processes);

}  // namespace aloft::compute
