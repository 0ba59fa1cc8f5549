// Objects into files. A file appears under its name when it is whole and verified; until then it is
// "<name>.<etag>.aloft-part", from which a later run goes on.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "app/cli/objects/object_digest.h"
#include "app/cli/objects/transfer.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"

namespace aloft::app {
namespace {

constexpr std::uint64_t kPiece = 16u << 20;

// A key that is a path below the directory, and no other.
Status CheckName(const std::string& name) {
  auto refuse = [&](const char* why) {
    return Fail(kInvalidArgument, "'" + name + "' cannot be a file: " + why + " (it is left out)");
  };
  if (name.empty()) return refuse("it is empty");
  if (name.find('\0') != std::string::npos) return refuse("it holds a zero byte");
  if (name.ends_with('/')) return refuse("it ends with a slash");
  for (std::string_view part : Split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return refuse("a part of it is empty, '.' or '..'");
    if (part.size() > 255) return refuse("a part of it is longer than 255 bytes");
  }
  return {};
}

class DirectoryTarget final : public Target {
 public:
  explicit DirectoryTarget(std::string directory) : directory_(std::move(directory)) {}

  Result<bool> Has(const s3::Listed& object, const std::string& name) override {
    ALOFT_TRY(CheckName(name));
    struct stat info {};
    if (::stat(PathOf(name).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return false;
    return static_cast<std::uint64_t>(info.st_size) == object.size &&
           info.st_mtim.tv_sec == std::chrono::floor<std::chrono::seconds>(object.modified).time_since_epoch().count();
  }

  Status Take(const SourceObject& object, const std::string& name, const Moved& moved) override {
    ALOFT_TRY(CheckName(name));
    const std::string path = PathOf(name);
    const std::string parent = path.substr(0, path.rfind('/'));
    ALOFT_TRY(os::MakeDirectories(parent, 0777));
    std::string tag;
    for (char c : object.head.etag) tag += std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' ? c : '_';
    const std::string part = path + "." + tag + ".aloft-part";
    os::Fd file(::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!file.valid()) return SystemError("open of " + part, errno);
    Status taken = Fill(object, file.get(), moved);
    if (taken.ok()) taken = Appear(object, file.get(), part, path);
    // What is damaged, or of an object that changed, is of no use to the next run.
    if (!taken.ok() && (taken.error().reason == kCorrupt || taken.error().reason == s3::kConditionFailed))
      ::unlink(part.c_str());
    return taken;
  }

 private:
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }

  static Status Fill(const SourceObject& object, int file, const Moved& moved) {
    ObjectDigest digest(object.part_sizes);
    std::uint64_t offset = 0;
    std::string buffer;
    // What an earlier run left.
    while (offset < object.head.size) {
      buffer.resize(std::min<std::uint64_t>(kPiece, object.head.size - offset));
      ssize_t got = ::pread(file, buffer.data(), buffer.size(), static_cast<off_t>(offset));
      if (got < 0) return SystemError("pread", errno);
      if (got == 0) break;
      digest.Update(AsBytes(std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
      offset += static_cast<std::uint64_t>(got);
    }
    moved(offset);
    while (offset < object.head.size) {
      ALOFT_ASSIGN(buffer, object.Read(offset, std::min<std::uint64_t>(kPiece, object.head.size - offset)));
      digest.Update(AsBytes(buffer));
      for (std::size_t done = 0; done < buffer.size();) {
        ssize_t put = ::pwrite(file, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return SystemError("pwrite", errno);
        done += static_cast<std::size_t>(put);
      }
      offset += buffer.size();
      moved(buffer.size());
    }
    if (::ftruncate(file, static_cast<off_t>(object.head.size)) != 0) return SystemError("ftruncate", errno);
    if (!object.verifiable()) return {};
    std::string wanted = ToLower(object.head.etag);
    bool wrong =
        LooksLikeMd5(wanted) ? digest.Whole() != wanted : !object.part_sizes.empty() && digest.Composite() != wanted;
    if (!wrong) return {};
    return Fail(kCorrupt, "s3://" + object.bucket + "/" + object.key + ": the bytes are not those that its ETag names");
  }

  static Status Appear(const SourceObject& object, int file, const std::string& part, const std::string& path) {
    // The time tells the next run that nothing has changed.
    auto seconds = std::chrono::floor<std::chrono::seconds>(object.head.modified).time_since_epoch().count();
    const timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(seconds), 0}};
    if (::futimens(file, times) != 0) return SystemError("futimens", errno);
    if (::fsync(file) != 0) return SystemError("fsync", errno);
    if (::rename(part.c_str(), path.c_str()) != 0) return SystemError("rename to " + path, errno);
    return {};
  }

  const std::string directory_;
};

}  // namespace

Result<std::unique_ptr<Target>> MakeDirectoryTarget(const std::string& directory) {
  ALOFT_TRY(os::MakeDirectories(directory, 0777));
  return std::unique_ptr<Target>(std::make_unique<DirectoryTarget>(directory));
}

}  // namespace aloft::app
