// Files below a directory that somebody else's code has written: never through a link that leads out of it.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::compute {

// Who owns what is made here; absent: this process's user.
using Owner = std::optional<uid_t>;

// openat2 that refuses links and "..": kNotFound-like errors are an absent descriptor.
os::Fd OpenBeneath(int directory, const std::string& path, int flags, mode_t mode = 0);

// Opens the directory `path` (relative, clean) below `root`, making what is missing. A link on the way is an error.
Result<os::Fd> MakeBeneath(int root, std::string_view path, Owner owner);

// The relative path without "." parts and doubled slashes; absent where it is absolute, or has "..", or is empty.
std::optional<std::string> CleanPath(std::string_view path);

// At most `limit` bytes of a regular file below `root`; empty where there is none.
std::string ReadBeneath(int root, const std::string& path, std::size_t limit);

}  // namespace aloft::compute
