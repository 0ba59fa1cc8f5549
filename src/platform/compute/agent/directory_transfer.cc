#include "platform/compute/agent/directory_transfer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "foundation/os/fd.h"
#include "foundation/os/file.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

Status Copy(int from, int to, std::uint64_t size) {
  off_t offset = 0;
  while (static_cast<std::uint64_t>(offset) < size)
    if (::sendfile(to, from, &offset, size - static_cast<std::uint64_t>(offset)) <= 0)
      return SystemError("copy", errno == 0 ? EIO : errno);
  return {};
}

class DirectoryTransfer final : public ObjectTransfer {
 public:
  explicit DirectoryTransfer(std::string directory) : directory_(std::move(directory)) {}

  Result<std::vector<ObjectInfo>> List(const std::string& bucket, const std::string& prefix) override {
    std::vector<ObjectInfo> objects;
    std::error_code error;
    fs::path root = directory_ + "/" + bucket;
    for (const auto& entry : fs::recursive_directory_iterator(root, error)) {
      std::string key = fs::relative(entry.path(), root, error);
      if (entry.is_regular_file() && key.starts_with(prefix)) objects.push_back({key, entry.file_size(), ""});
    }
    std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    return objects;
  }

  Result<ObjectInfo> Download(const std::string& bucket, const std::string& key, int file) override {
    os::Fd from(::open((directory_ + "/" + bucket + "/" + key).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!from || ::fstat(from.get(), &status) != 0 || !S_ISREG(status.st_mode))
      return Fail(kObjectMissing, "there is no object s3://" + bucket + "/" + key);
    ALOFT_TRY(Copy(from.get(), file, static_cast<std::uint64_t>(status.st_size)));
    return ObjectInfo{key, static_cast<std::uint64_t>(status.st_size), ""};
  }

  Result<std::string> ReadRange(const std::string& bucket, const ObjectInfo& object, std::uint64_t offset,
                                std::uint64_t length) override {
    os::Fd from(::open((directory_ + "/" + bucket + "/" + object.key).c_str(), O_RDONLY | O_CLOEXEC));
    std::string bytes(length, '\0');
    ssize_t got = from ? ::pread(from.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) : -1;
    if (got != static_cast<ssize_t>(length))
      return Fail(kObjectMissing, "there is no such part of s3://" + bucket + "/" + object.key);
    return bytes;
  }

  Result<ObjectInfo> Head(const std::string& bucket, const std::string& key) override {
    struct stat status {};
    if (::stat((directory_ + "/" + bucket + "/" + key).c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      return Fail(kObjectMissing, "there is no object s3://" + bucket + "/" + key);
    return ObjectInfo{key, static_cast<std::uint64_t>(status.st_size), ""};
  }

  Status Upload(const std::string& bucket, const std::string& key, int file, std::uint64_t size) override {
    std::string path = directory_ + "/" + bucket + "/" + key;
    if (!fs::is_directory(directory_ + "/" + bucket)) return Fail(kObjectMissing, "there is no bucket " + bucket);
    ALOFT_TRY(os::MakeDirectories(fs::path(path).parent_path()));
    os::Fd to(::open((path + ".part").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
    if (!to) return SystemError("create " + path, errno);
    ALOFT_TRY(Copy(file, to.get(), size));
    if (::rename((path + ".part").c_str(), path.c_str()) != 0) return SystemError("rename", errno);
    return {};
  }

 private:
  std::string directory_;
};

}  // namespace

std::unique_ptr<ObjectTransfer> OpenDirectoryTransfer(std::string directory) {
  return std::make_unique<DirectoryTransfer>(std::move(directory));
}

}  // namespace aloft::compute
