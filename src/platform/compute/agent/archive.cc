#include "platform/compute/agent/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "foundation/base/bytes.h"

namespace aloft::compute {
namespace {

struct ReadEnd {
  void operator()(archive* it) const { archive_read_free(it); }
};
struct WriteEnd {
  void operator()(archive* it) const { archive_write_free(it); }
};
struct EntryEnd {
  void operator()(archive_entry* it) const { archive_entry_free(it); }
};

Error Bad(std::string what) {
  return Fail(kBadArchive, std::move(what));
}

std::pair<std::string, std::string> SplitParent(const std::string& path) {
  std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// True where a link at `path` with this target points to below the archive's directory. ".." may only come first: after
// a name it could climb from where another link led.
bool LinkStaysInside(const std::string& path, std::string_view target) {
  if (target.starts_with('/') || target.empty()) return false;
  auto depth = static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
  bool named = false;
  for (std::string_view part : Split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      named = true;
    } else if (named || depth-- == 0) {
      return false;
    }
  }
  return true;
}

class Unpacker {
 public:
  Unpacker(archive* from, int target, Owner owner, const ArchiveLimits& limits)
      : from_(from), target_(target), owner_(owner), limits_(limits) {}

  Status Run() {
    for (std::uint64_t entries = 0;; ++entries) {
      archive_entry* entry = nullptr;
      int result = archive_read_next_header(from_, &entry);
      if (result == ARCHIVE_EOF) return {};
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return Broken();
      if (entries >= limits_.max_entries) return Fail(kArchiveTooLarge, "the archive has too many entries");
      ALOFT_TRY(One(entry));
    }
  }

 private:
  Error Broken() const {
    const char* why = archive_error_string(from_);
    return Bad(std::string("the archive is broken: ") + (why ? why : "unknown"));
  }

  Status One(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (!raw) return Bad("the archive has an entry without a name");
    std::string name = raw;
    if (name == "." || name == "./") return {};
    auto path = CleanPath(name);
    if (!path) return Bad("the archive's entry '" + name + "' leads out of its directory");
    auto [parent, leaf] = SplitParent(*path);
    auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) return MakeBeneath(target_, *path, owner_).ok() ? Status() : Through(name);
    auto directory = MakeBeneath(target_, parent, owner_);
    if (!directory.ok()) return Through(name);
    ::unlinkat(directory->get(), leaf.c_str(), 0);  // a later entry of the same name replaces the earlier
    if (const char* link = archive_entry_hardlink(entry)) return HardLink(*directory, leaf, name, link);
    if (type == AE_IFLNK) return SymbolicLink(*directory, leaf, *path, name, archive_entry_symlink(entry));
    if (type == AE_IFREG) return RegularFile(*directory, leaf, name, archive_entry_perm(entry));
    return Bad("the archive's entry '" + name + "' is neither file, directory nor link");
  }

  Error Through(const std::string& name) const {
    return Bad("the archive's entry '" + name + "' lies behind a link or a file");
  }

  Status HardLink(const os::Fd& directory, const std::string& leaf, const std::string& name, const char* link) {
    auto source = CleanPath(link);
    if (!source) return Bad("the archive's entry '" + name + "' links to '" + link + "', outside of its directory");
    auto [parent, source_leaf] = SplitParent(*source);
    auto from = MakeBeneath(target_, parent, owner_);
    if (!from.ok() || ::linkat(from->get(), source_leaf.c_str(), directory.get(), leaf.c_str(), 0) != 0)
      return Bad("the archive's entry '" + name + "' links to '" + link + "', which is not in it");
    return {};
  }

  Status SymbolicLink(const os::Fd& directory, const std::string& leaf, const std::string& path,
                      const std::string& name, const char* target) {
    if (!target || !LinkStaysInside(path, target))
      return Bad("the archive's entry '" + name + "' links to '" + (target ? target : "") +
                 "', outside of its directory");
    if (::symlinkat(target, directory.get(), leaf.c_str()) != 0) return SystemError("symlink " + name, errno);
    if (owner_ && ::fchownat(directory.get(), leaf.c_str(), *owner_, *owner_, AT_SYMLINK_NOFOLLOW) != 0)
      return SystemError("chown " + name, errno);
    return {};
  }

  Status RegularFile(const os::Fd& directory, const std::string& leaf, const std::string& name, mode_t mode) {
    os::Fd file = OpenBeneath(directory.get(), leaf, O_WRONLY | O_CREAT | O_EXCL, (mode & 0777) | 0600);
    if (!file) return SystemError("create " + name, errno);
    // Holes count as what they read as: a few bytes can claim a file of any size.
    for (std::uint64_t end = 0;;) {
      const void* data = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      int result = archive_read_data_block(from_, &data, &size, &offset);
      if ((result != ARCHIVE_OK && result != ARCHIVE_WARN && result != ARCHIVE_EOF) || offset < 0) return Broken();
      const std::uint64_t reached = std::max(end, static_cast<std::uint64_t>(offset) + size);
      bytes_ += reached - end;
      if (bytes_ > limits_.max_bytes)
        return Fail(kArchiveTooLarge, "the archive unpacks to more than the task may write");
      if (result == ARCHIVE_EOF) {
        // A hole at the end has no data; only the size tells of it.
        if (reached > end && ::ftruncate(file.get(), static_cast<off_t>(reached)) != 0)
          return SystemError("write " + name, errno);
        break;
      }
      end = reached;
      const char* from = static_cast<const char*>(data);
      while (size > 0) {
        ssize_t wrote = ::pwrite(file.get(), from, size, offset);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return SystemError("write " + name, errno);
        from += wrote;
        offset += wrote;
        size -= static_cast<std::size_t>(wrote);
      }
    }
    if (owner_ && ::fchown(file.get(), *owner_, *owner_) != 0) return SystemError("chown " + name, errno);
    return {};
  }

  archive* from_;
  int target_;
  Owner owner_;
  const ArchiveLimits& limits_;
  std::uint64_t bytes_ = 0;
};

class Packer {
 public:
  explicit Packer(archive* to) : to_(to) {}

  Status Directory(int directory, const std::string& prefix) {
    int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
    if (!listing) return SystemError("list " + prefix, errno);
    std::vector<std::string> names;
    while (dirent* entry = ::readdir(listing)) names.emplace_back(entry->d_name);
    ::closedir(listing);
    std::sort(names.begin(), names.end());
    for (const auto& name : names)
      if (name != "." && name != "..") ALOFT_TRY(One(directory, name, prefix + name));
    return {};
  }

  Packed packed;

 private:
  Status One(int directory, const std::string& name, const std::string& path) {
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return SystemError("stat " + path, errno);
    std::unique_ptr<archive_entry, EntryEnd> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_mtime(entry.get(), status.st_mtime, 0);
    archive_entry_set_perm(entry.get(), status.st_mode & 0777);
    if (S_ISDIR(status.st_mode)) {
      archive_entry_set_filetype(entry.get(), AE_IFDIR);
      if (archive_write_header(to_, entry.get()) != ARCHIVE_OK) return Broken();
      os::Fd inner = OpenBeneath(directory, name, O_RDONLY | O_DIRECTORY);
      if (!inner) return SystemError("open " + path, errno);
      return Directory(inner.get(), path + "/");
    }
    if (S_ISLNK(status.st_mode)) {
      std::string target(4096, '\0');
      ssize_t size = ::readlinkat(directory, name.c_str(), target.data(), target.size());
      if (size < 0) return SystemError("readlink " + path, errno);
      target.resize(static_cast<std::size_t>(size));
      archive_entry_set_filetype(entry.get(), AE_IFLNK);
      archive_entry_set_symlink(entry.get(), target.c_str());
      ++packed.files;
      return archive_write_header(to_, entry.get()) == ARCHIVE_OK ? Status() : Broken();
    }
    if (!S_ISREG(status.st_mode)) return {};
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_size(entry.get(), status.st_size);
    return RegularFile(directory, name, path, entry.get(), static_cast<std::uint64_t>(status.st_size));
  }

  Status RegularFile(int directory, const std::string& name, const std::string& path, archive_entry* entry,
                     std::uint64_t size) {
    os::Fd file = OpenBeneath(directory, name, O_RDONLY);
    if (!file) return SystemError("open " + path, errno);
    if (archive_write_header(to_, entry) != ARCHIVE_OK) return Broken();
    std::vector<char> buffer(256 * 1024);
    for (std::uint64_t left = size; left > 0;) {
      ssize_t got = ::read(file.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), left));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return SystemError("read " + path, got < 0 ? errno : EIO);
      if (archive_write_data(to_, buffer.data(), static_cast<std::size_t>(got)) != got) return Broken();
      left -= static_cast<std::uint64_t>(got);
    }
    ++packed.files;
    packed.bytes += size;
    return {};
  }

  Error Broken() const {
    const char* why = archive_error_string(to_);
    if (archive_errno(to_) > 0) return SystemError("write the archive", archive_errno(to_));
    return Fail(kIoError, "the archive could not be written", why ? why : "");
  }

  archive* to_;
};

}  // namespace

Status UnpackArchive(int file, int target, Owner owner, const ArchiveLimits& limits) {
  std::unique_ptr<archive, ReadEnd> from(archive_read_new());
  archive_read_support_format_tar(from.get());
  archive_read_support_filter_gzip(from.get());
  archive_read_support_filter_bzip2(from.get());
  archive_read_support_filter_xz(from.get());
  archive_read_support_filter_zstd(from.get());
  if (archive_read_open_fd(from.get(), file, 64 * 1024) != ARCHIVE_OK) return Bad("the object is not a tar archive");
  return Unpacker(from.get(), target, owner, limits).Run();
}

Result<Packed> PackDirectory(int directory, int file) {
  std::unique_ptr<archive, WriteEnd> to(archive_write_new());
  archive_write_set_format_pax_restricted(to.get());
  archive_write_add_filter_gzip(to.get());
  // Models hardly compress; higher levels cost seconds per hundred megabytes and win a few percent.
  archive_write_set_filter_option(to.get(), "gzip", "compression-level", "1");
  archive_write_set_filter_option(to.get(), "gzip", "timestamp", nullptr);
  if (archive_write_open_fd(to.get(), file) != ARCHIVE_OK) return Fail(kIoError, "the archive could not be opened");
  Packer packer(to.get());
  ALOFT_TRY(packer.Directory(directory, ""));
  if (archive_write_close(to.get()) != ARCHIVE_OK)
    return SystemError("write the archive", archive_errno(to.get()) > 0 ? archive_errno(to.get()) : EIO);
  return packer.packed;
}

}  // namespace aloft::compute
