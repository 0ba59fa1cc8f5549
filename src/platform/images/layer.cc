#include "platform/images/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/in_root.h"
#include "platform/images/errors.h"

namespace aloft::images {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxEntries = 5'000'000;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";
constexpr std::int64_t kMaxId = 65'535;  // a sandbox maps as many users

struct ReadEnd {
  void operator()(archive* it) const { archive_read_free(it); }
};

Error Bad(std::string what) {
  return Fail(kBadImage, std::move(what));
}

std::string Why(archive* from) {
  const char* why = archive_error_string(from);
  return why ? why : "unknown";
}

// The digest of the tar itself, whatever compresses it.
Status CheckDigest(const std::string& tar, const std::string& digest, const Progress& progress) {
  std::unique_ptr<archive, ReadEnd> from(archive_read_new());
  archive_read_support_format_raw(from.get());
  archive_read_support_filter_all(from.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(from.get(), tar.c_str(), 1u << 20) != ARCHIVE_OK ||
      archive_read_next_header(from.get(), &entry) != ARCHIVE_OK)
    return Bad("a layer of the image cannot be read: " + Why(from.get()));
  crypto::Hash hash(crypto::Digest::kSha256);
  const void* block = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  for (;;) {
    if (progress.cancelled && progress.cancelled()) return Fail(kCancelled, "stopped");
    int result = archive_read_data_block(from.get(), &block, &size, &offset);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK) return Bad("a layer of the image is broken: " + Why(from.get()));
    hash.Update(std::string_view(static_cast<const char*>(block), size));
  }
  if ("sha256:" + HexEncode(AsBytes(hash.Finish())) != digest)
    return Bad("a layer of the image is not what its configuration says (" + digest + ")");
  return {};
}

class Applier {
 public:
  Applier(archive* from, int root, const LayerOptions& options, std::uint64_t& left)
      : from_(from), root_(root), options_(options), left_(left) {}

  Status Run(const Progress& progress) {
    for (std::uint64_t entries = 0;; ++entries) {
      if (progress.cancelled && progress.cancelled()) return Fail(kCancelled, "stopped");
      archive_entry* entry = nullptr;
      int result = archive_read_next_header(from_, &entry);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Bad("a layer of the image is broken: " + Why(from_));
      if (entries >= kMaxEntries) return Bad("a layer of the image has too many entries");
      ALOFT_TRY(One(entry));
    }
    return {};
  }

 private:
  Status One(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (!raw) return Bad("a layer of the image has an entry without a name");
    std::string path;
    for (std::string_view part : Split(std::string_view(raw), '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") return Bad("a layer of the image has an entry that climbs: " + std::string(raw));
      path.append("/").append(part);
    }
    if (path.empty()) return SetRoot(entry);
    std::size_t slash = path.rfind('/');
    std::string parent = path.substr(0, slash), name = path.substr(slash + 1);
    auto opened = os::MakeInRoot(root_, parent.empty() ? "." : parent);
    if (!opened.ok() && opened.error().kind() == ErrorKind::kExhausted) return std::move(opened).error();
    if (!opened.ok()) return Bad("a layer of the image has " + path + " below what is no directory");
    os::Fd directory = std::move(*opened);
    if (name == kOpaque) return Empty(directory, parent);
    if (name.starts_with(kWhiteout)) return RemoveAt(directory, name.substr(kWhiteout.size()));
    made_.insert(path);
    return Make(entry, directory, name);
  }

  Status SetRoot(archive_entry* entry) const {
    if (archive_entry_filetype(entry) != AE_IFDIR) return {};
    ::fchmod(root_, (archive_entry_perm(entry) & 01777) | (options_.keep_owners ? 0 : 0700));
    return {};
  }

  // By the open directory, so that no link on the way can mean another place.
  static std::string PathAt(const os::Fd& directory, const std::string& name) {
    return "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
  }

  static Status RemoveAt(const os::Fd& directory, const std::string& name) {
    if (name.empty() || name == "." || name == "..") return Bad("a layer of the image removes what has no name");
    std::error_code error;
    fs::remove_all(PathAt(directory, name), error);
    if (error) return SystemError("remove " + name, error.value());
    return {};
  }

  // What lower layers have there goes; what this one has put there stays.
  Status Empty(const os::Fd& directory, const std::string& path) const {
    std::error_code error;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(PathAt(directory, ""), error))
      names.push_back(entry.path().filename());
    for (const std::string& name : names) {
      auto mine = made_.lower_bound(path + "/" + name);
      bool kept = mine != made_.end() && (*mine == path + "/" + name || mine->starts_with(path + "/" + name + "/"));
      if (!kept) ALOFT_TRY(RemoveAt(directory, name));
    }
    return {};
  }

  Status Make(archive_entry* entry, const os::Fd& directory, const std::string& name) {
    struct stat there {};
    bool exists = ::fstatat(directory.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    auto type = archive_entry_filetype(entry);
    const char* link = archive_entry_hardlink(entry);
    if (exists && !(type == AE_IFDIR && !link && S_ISDIR(there.st_mode))) ALOFT_TRY(RemoveAt(directory, name));
    if (link) return MakeHardLink(directory, name, link);
    switch (type) {
      case AE_IFDIR:
        if (::mkdirat(directory.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
          return SystemError("mkdir " + name, errno);
        break;
      case AE_IFREG: ALOFT_TRY(MakeFile(directory, name)); break;
      case AE_IFLNK: {
        const char* to = archive_entry_symlink(entry);
        if (!to || ::symlinkat(to, directory.get(), name.c_str()) != 0) return SystemError("symlink " + name, errno);
        break;
      }
      case AE_IFIFO:
        if (::mkfifoat(directory.get(), name.c_str(), 0600) != 0) return SystemError("mkfifo " + name, errno);
        break;
      default: return {};  // devices: a sandbox has its own
    }
    return SetAttributes(entry, directory, name);
  }

  Status MakeHardLink(const os::Fd& directory, const std::string& name, std::string_view target) const {
    std::string path(target);
    while (path.ends_with('/')) path.pop_back();
    std::size_t slash = path.rfind('/');
    std::string last = slash == std::string::npos ? path : path.substr(slash + 1);
    os::Fd from =
        os::OpenInRoot(root_, slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
    if (!from || last.empty() || last == "." || last == ".." ||
        ::linkat(from.get(), last.c_str(), directory.get(), name.c_str(), 0) != 0)
      return Bad("a layer of the image links " + name + " to what is not there");
    return {};
  }

  Status MakeFile(const os::Fd& directory, const std::string& name) {
    os::Fd file(::openat(directory.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return SystemError("create " + name, errno);
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0, end = 0;
    for (;;) {
      int result = archive_read_data_block(from_, &block, &size, &offset);
      if (result == ARCHIVE_EOF) break;
      if (result != ARCHIVE_OK) return Bad("a layer of the image is broken: " + Why(from_));
      if (size > left_) return Fail(kImageTooLarge, "the image is larger than this machine takes");
      left_ -= size;
      ssize_t wrote = ::pwrite(file.get(), block, size, offset);
      if (wrote != static_cast<ssize_t>(size)) return SystemError("write " + name, wrote < 0 ? errno : ENOSPC);
      end = std::max<la_int64_t>(end, offset + static_cast<la_int64_t>(size));
    }
    if (::ftruncate(file.get(), end) != 0) return SystemError("truncate " + name, errno);
    return {};
  }

  Status SetAttributes(archive_entry* entry, const os::Fd& directory, const std::string& name) const {
    if (options_.keep_owners) {
      auto id = [](la_int64_t number) {
        return static_cast<uid_t>(number < 0 || number > kMaxId ? kMaxId - 1 : number);
      };
      if (::fchownat(directory.get(), name.c_str(), id(archive_entry_uid(entry)), id(archive_entry_gid(entry)),
                     AT_SYMLINK_NOFOLLOW) != 0)
        return SystemError("chown " + name, errno);
    }
    timespec times[2] = {{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)},
                         {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}};
    if (archive_entry_filetype(entry) != AE_IFLNK) {
      mode_t mode = archive_entry_perm(entry) & 01777;
      // Who is not root must be able to read and to replace what is his.
      if (!options_.keep_owners) mode |= archive_entry_filetype(entry) == AE_IFDIR ? 0700 : 0600;
      if (::fchmodat(directory.get(), name.c_str(), mode, 0) != 0) return SystemError("chmod " + name, errno);
    }
    ::utimensat(directory.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return {};
  }

  archive* from_;
  int root_;
  const LayerOptions& options_;
  std::uint64_t& left_;
  std::set<std::string> made_;
};

}  // namespace

Status ApplyLayer(const std::string& tar, int root, const LayerOptions& options, std::uint64_t& left,
                  const Progress& progress) {
  ALOFT_TRY(CheckDigest(tar, options.digest, progress));
  std::unique_ptr<archive, ReadEnd> from(archive_read_new());
  archive_read_support_format_tar(from.get());
  archive_read_support_filter_all(from.get());
  if (archive_read_open_filename(from.get(), tar.c_str(), 1u << 20) != ARCHIVE_OK)
    return Bad("a layer of the image cannot be read: " + Why(from.get()));
  return Applier(from.get(), root, options, left).Run(progress);
}

}  // namespace aloft::images
