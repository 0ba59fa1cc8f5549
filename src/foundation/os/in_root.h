// Files of a directory that is somebody else's root: "/" and every link in it mean that directory, never this machine.
#pragma once

#include <fcntl.h>
#include <sys/types.h>

#include <string>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::os {

// openat2 that resolves as if `root` were "/". An absent descriptor where it fails, with errno.
Fd OpenInRoot(int root, const std::string& path, int flags, mode_t mode = 0);

// Opens the directory, making what is missing (0755, the caller's). A file on the way is an error.
Result<Fd> MakeInRoot(int root, const std::string& path);

// At most `limit` bytes of a regular file; empty where there is none.
std::string ReadInRoot(int root, const std::string& path, std::size_t limit);

}  // namespace aloft::os
