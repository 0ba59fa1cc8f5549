#include "platform/compute/agent/beneath.h"

#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "foundation/base/bytes.h"

namespace aloft::compute {

os::Fd OpenBeneath(int directory, const std::string& path, int flags, mode_t mode) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not hold us
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return os::Fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

Result<os::Fd> MakeBeneath(int root, std::string_view path, Owner owner) {
  os::Fd at(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!at) return SystemError("open", errno);
  for (std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    std::string name(part);
    if (::mkdirat(at.get(), name.c_str(), 0755) == 0) {
      if (owner && ::fchownat(at.get(), name.c_str(), *owner, *owner, AT_SYMLINK_NOFOLLOW) != 0)
        return SystemError("chown " + name, errno);
    } else if (errno != EEXIST) {
      return SystemError("mkdir " + name, errno);
    }
    os::Fd next = OpenBeneath(at.get(), name, O_RDONLY | O_DIRECTORY);
    if (!next) return SystemError("open " + name, errno);
    at = std::move(next);
  }
  return at;
}

std::optional<std::string> CleanPath(std::string_view path) {
  if (path.starts_with('/') || path.find('\0') != std::string_view::npos) return std::nullopt;
  std::string clean;
  for (std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return std::nullopt;
    if (!clean.empty()) clean += '/';
    clean += part;
  }
  if (clean.empty()) return std::nullopt;
  return clean;
}

std::string ReadBeneath(int root, const std::string& path, std::size_t limit) {
  os::Fd file = OpenBeneath(root, path, O_RDONLY);
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

}  // namespace aloft::compute
