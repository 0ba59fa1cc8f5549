#include "foundation/os/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>

#include "foundation/os/fd.h"

namespace aloft::os {
namespace {

Error FileError(std::string_view operation, const std::string& path, int error_number) {
  if (error_number == ENOENT) return Fail(kNoSuchFile, "There is no such file", std::string(operation) + " " + path);
  return SystemError(std::string(operation) + " " + path, error_number);
}

std::string ParentOf(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileError("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status WriteAndSync(const std::string& path, std::string_view bytes, mode_t mode) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd) return FileError("open", path, errno);
  ALOFT_TRY(WriteAll(fd.get(), bytes, path));
  if (::fdatasync(fd.get()) != 0) return FileError("fdatasync", path, errno);
  return {};
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return FileError("open", path, errno);
  struct stat facts;
  if (::fstat(fd.get(), &facts) != 0) return FileError("fstat", path, errno);
  std::string bytes;
  // Files of /proc and cgroups say size 0 and still have content, so the end is where read() says.
  std::size_t room = facts.st_size > 0 ? static_cast<std::size_t>(facts.st_size) + 1 : 4096;
  for (;;) {
    const std::size_t had = bytes.size();
    if (had > max_bytes) return Fail(kFileTooLarge, "The file is larger than it may be", path);
    bytes.resize(had + std::min(room, max_bytes + 1 - had));
    const ssize_t got = ::read(fd.get(), bytes.data() + had, bytes.size() - had);
    if (got < 0 && errno != EINTR) return FileError("read", path, errno);
    bytes.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return bytes;
    room = std::max<std::size_t>(4096, bytes.size());
  }
}

Status WriteFileDurably(const std::string& path, std::string_view bytes, mode_t mode) {
  static std::atomic<unsigned> serial{0};
  const std::string temporary =
      path + ".tmp" + std::to_string(::getpid()) + "." + std::to_string(serial.fetch_add(1, std::memory_order_relaxed));
  if (Status written = WriteAndSync(temporary, bytes, mode); !written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return FileError("rename", path, error_number);
  }
  return SyncDirectory(ParentOf(path));
}

Status MakeDirectories(const std::string& path, mode_t mode) {
  struct stat facts;
  if (::stat(path.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return {};
    return SystemError("mkdir " + path, ENOTDIR);
  }
  const std::string parent = ParentOf(path);
  if (parent != path) ALOFT_TRY(MakeDirectories(parent, mode));
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return FileError("mkdir", path, errno);
  return SyncDirectory(parent);
}

Status SyncDirectory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return FileError("open", path, errno);
  if (::fsync(fd.get()) != 0) return FileError("fsync", path, errno);
  return {};
}

Status RemoveFileDurably(const std::string& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return FileError("unlink", path, errno);
  }
  return SyncDirectory(ParentOf(path));
}

}  // namespace aloft::os
