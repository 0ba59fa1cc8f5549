// What the cgroup drivers share: their files are small texts, and a group that is being emptied needs patience.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::os::internal {

// Into an existing file, in one write(2), as cgroup files want it.
Status WriteControl(const std::string& path, std::string_view text);
// Empty where it cannot be read.
std::string ReadControl(const std::string& path);
std::uint64_t ReadNumber(const std::string& path);
// The number after `key` in a file of "key value" lines; 0 where absent.
std::uint64_t ReadField(const std::string& path, std::string_view key);
std::vector<pid_t> ReadProcesses(const std::string& path);

// Calls `end_all` and tries rmdir again and again, for about ten seconds.
Status EmptyAndRemove(const std::vector<std::string>& directories, const std::function<void()>& end_all);

Status MakeGroup(const std::string& path);

}  // namespace aloft::os::internal
