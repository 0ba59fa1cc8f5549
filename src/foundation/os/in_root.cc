#include "foundation/os/in_root.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace aloft::os {

Fd OpenInRoot(int root, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  if ((flags & O_PATH) == 0) how.flags |= O_NONBLOCK;  // a FIFO must not hold us
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return Fd(static_cast<int>(::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how)));
}

Result<Fd> MakeInRoot(int root, const std::string& path) {
  if (Fd there = OpenInRoot(root, path, O_RDONLY | O_DIRECTORY)) return there;
  std::string made;
  Fd at = OpenInRoot(root, ".", O_RDONLY | O_DIRECTORY);
  for (std::size_t begin = 0; at && begin < path.size();) {
    std::size_t end = std::min(path.find('/', begin), path.size());
    std::string name = path.substr(begin, end - begin);
    begin = end + 1;
    if (name.empty() || name == ".") continue;
    if (name == "..") return Fail(kInvalidArgument, path + " climbs");
    made += "/" + name;
    Fd next = OpenInRoot(root, made, O_RDONLY | O_DIRECTORY);
    if (!next) {
      if (::mkdirat(at.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return SystemError("mkdir " + made, errno);
      next = OpenInRoot(root, made, O_RDONLY | O_DIRECTORY);
    }
    if (!next) return SystemError("open " + made, errno);
    at = std::move(next);
  }
  if (!at) return SystemError("open " + path, errno);
  return at;
}

std::string ReadInRoot(int root, const std::string& path, std::size_t limit) {
  Fd file = OpenInRoot(root, path, O_RDONLY);
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string text(limit, '\0');
  std::size_t size = 0;
  while (size < limit) {
    ssize_t got = ::read(file.get(), text.data() + size, limit - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace aloft::os
