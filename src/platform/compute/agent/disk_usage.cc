#include "platform/compute/agent/disk_usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string_view>

#include "foundation/os/fd.h"

namespace aloft::compute {
namespace {

class Sum {
 public:
  void Add(const struct stat& status) {
    if (status.st_nlink != 1 && !S_ISDIR(status.st_mode) && !seen_.emplace(status.st_dev, status.st_ino).second) return;
    bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  void Directory(os::Fd directory) {
    DIR* listing = ::fdopendir(directory.get());
    if (!listing) return;
    int fd = directory.Release();
    struct stat self {};
    if (::fstat(fd, &self) == 0) devices_.insert(self.st_dev);
    while (dirent* entry = ::readdir(listing)) {
      std::string_view name = entry->d_name;
      struct stat status {};
      if (name == "." || name == ".." || ::fstatat(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      Add(status);
      if (!S_ISDIR(status.st_mode)) continue;
      os::Fd inner(::openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (inner) Directory(std::move(inner));
    }
    ::closedir(listing);
  }
  void DeletedFilesOf(pid_t process) {
    std::string path = "/proc/" + std::to_string(process) + "/fd";
    DIR* listing = ::opendir(path.c_str());
    while (listing) {
      dirent* entry = ::readdir(listing);
      if (!entry) break;
      struct stat status {};
      if (entry->d_name[0] == '.' || ::fstatat(::dirfd(listing), entry->d_name, &status, 0) != 0) continue;
      // Files in memory (memfd, /dev/shm) are on other devices.
      if (S_ISREG(status.st_mode) && status.st_nlink == 0 && devices_.contains(status.st_dev)) Add(status);
    }
    if (listing) ::closedir(listing);
  }
  std::uint64_t bytes = 0;

 private:
  std::set<std::pair<dev_t, ino_t>> seen_;
  std::set<dev_t> devices_;
};

}  // namespace

std::uint64_t DiskUsage(const std::vector<std::string>& directories, const std::vector<pid_t>& processes) {
  Sum sum;
  for (const auto& path : directories) {
    os::Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (directory) sum.Directory(std::move(directory));
  }
  for (pid_t process : processes) sum.DeletedFilesOf(process);
  return sum.bytes;
}

}  // namespace aloft::compute
