#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>

#include "foundation/blob/file_writer.h"
#include "foundation/blob/frames.h"
#include "foundation/blob/store.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"
#include "foundation/os/fd.h"
#include "foundation/os/file.h"
#include "foundation/os/must_not_block.h"

namespace aloft::blob {
namespace {

constexpr std::size_t kFolders = 256;
constexpr std::size_t kIdLength = 32;  // 128 random bits in hexadecimal

// The folder of an id; absent where the text is no id of ours, so that no path can be made of it.
std::optional<std::size_t> FolderOf(std::string_view id) {
  if (id.size() != kIdLength || id.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return static_cast<std::size_t>(std::stoul(std::string(id.substr(0, 2)), nullptr, 16));
}

Error NoSuchBlob(const BlobId& id) {
  return Fail(kNoSuchBlob, "Stored bytes are missing.", "blob " + id.value());
}

class FileReader final : public Reader {
 public:
  FileReader(std::shared_ptr<const int> fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

  std::uint64_t size() const override { return size_; }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= size_) return std::size_t{0};
    out = out.first(std::min<std::uint64_t>(out.size(), size_ - offset));
    std::size_t done = 0;
    while (done < out.size()) {
      ssize_t count = pread(*fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError("pread", errno);
      if (count == 0) return Fail(kCorrupt, "Stored bytes are damaged.", "a blob's file became shorter");
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  std::optional<FileExtent> extent() const override { return FileExtent{fd_, 0, size_}; }

 private:
  std::shared_ptr<const int> fd_;
  const std::uint64_t size_;
};

class DirectoryStore final : public Store {
 public:
  DirectoryStore(std::string directory, Random& random, Log log)
      : directory_(std::move(directory)), random_(random), log_(std::move(log)) {}

  Status Start() {
    ALOFT_TRY(os::MakeDirectories(directory_, 0700));
    root_.Reset(open(directory_.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    if (!root_.valid()) return SystemError("open of " + directory_, errno);
    os::Fd probe(openat(root_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
    nameless_files_ = probe.valid();
    if (!nameless_files_) SweepTemporaries();
    return {};
  }

  Result<std::unique_ptr<Writer>> Create(std::uint64_t expected_bytes, const std::optional<FrameKey>& key) override {
    ALOFT_TRY(os::MayBlock());
    std::array<std::uint8_t, kIdLength / 2> bits;
    random_.Fill(bits);
    BlobId id(HexEncode(bits));
    ALOFT_ASSIGN(auto folder, Folder(bits[0]));
    return CreateFileWriter({std::move(folder), std::move(id), nameless_files_}, expected_bytes, key);
  }

  Result<std::unique_ptr<Reader>> Open(const BlobId& id, const std::optional<FrameKey>& key) override {
    ALOFT_TRY(os::MayBlock());
    ALOFT_ASSIGN(Opened opened, OpenFile(id));
    if (opened.trailer.encoding == kFramedEncoding) {
      if (!key) return Fail(kFrameKeyMissing, "Stored bytes are encrypted.", "blob " + id.value() + " needs a key");
      auto cipher = std::make_unique<FrameCipher>(*key, id);
      if (cipher->key_check() != opened.trailer.key_check)
        return Fail(kFrameKeyWrong, "The stored bytes do not open with this key.", "blob " + id.value());
      return MakeFrameReader(std::move(opened.fd), opened.trailer.size, *key, id, std::move(cipher));
    }
    if (key) return Damaged(id, "it is not encrypted and should be");
    return std::unique_ptr<Reader>(std::make_unique<FileReader>(std::move(opened.fd), opened.stored));
  }

  Status Verify(const BlobId& id) override {
    ALOFT_TRY(os::MayBlock());
    ALOFT_ASSIGN(Opened opened, OpenFile(id));
    FileReader reader(std::move(opened.fd), opened.stored);
    std::vector<std::uint8_t> buffer(256u << 10);
    std::uint64_t crc = 0;
    for (std::uint64_t at = 0; at < reader.size();) {
      ALOFT_ASSIGN(std::size_t count, reader.Read(at, buffer));
      crc = crypto::Crc64Nvme(crc, ByteView(buffer).first(count));
      at += count;
    }
    if (crc != opened.trailer.crc64) return Damaged(id, "its checksum differs");
    return {};
  }

  Status Delete(const BlobId& id) override {
    ALOFT_TRY(os::MayBlock());
    if (!FolderOf(id.value())) return {};
    if (unlinkat(root_.get(), PathOf(id).c_str(), 0) != 0 && errno != ENOENT) return SystemError("unlink", errno);
    return {};
  }

  Status List(const std::function<bool(const BlobId&, Time)>& visit) override {
    ALOFT_TRY(os::MayBlock());
    for (std::size_t index = 0; index < kFolders; ++index) {
      bool go_on = true;
      ALOFT_TRY(VisitFolder(index, [&](DIR* folder, const char* name) {
        struct stat info;
        if (!FolderOf(name) || fstatat(dirfd(folder), name, &info, AT_SYMLINK_NOFOLLOW) != 0) return true;
        Time committed =
            Time(std::chrono::seconds(info.st_mtim.tv_sec)) + std::chrono::microseconds(info.st_mtim.tv_nsec / 1000);
        go_on = visit(BlobId(name), committed);
        return go_on;
      }));
      if (!go_on) return {};
    }
    return {};
  }

 private:
  struct Opened {
    std::shared_ptr<const int> fd;
    Trailer trailer;
    std::uint64_t stored;  // bytes before the trailer
  };

  static std::string FolderName(std::size_t index) {
    auto byte = static_cast<std::uint8_t>(index);
    return HexEncode({&byte, 1});
  }
  static std::string PathOf(const BlobId& id) { return id.value().substr(0, 2) + "/" + id.value(); }

  Error Damaged(const BlobId& id, const std::string& how) {
    log_.Error("blob: a file is damaged", {{"blob", id.value()}, {"how", how}});
    return Fail(kCorrupt, "Stored bytes are damaged.", "blob " + id.value() + ": " + how);
  }

  Result<Opened> OpenFile(const BlobId& id) {
    if (!FolderOf(id.value())) return NoSuchBlob(id);
    int raw = openat(root_.get(), PathOf(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (raw < 0) return errno == ENOENT ? NoSuchBlob(id) : SystemError("open of a blob", errno);
    std::shared_ptr<const int> fd(new int(raw), [](const int* owned) {
      close(*owned);
      delete owned;
    });
    struct stat info;
    if (fstat(raw, &info) != 0) return SystemError("fstat", errno);
    std::array<std::uint8_t, kTrailerBytes> bytes{};
    if (info.st_size < static_cast<off_t>(kTrailerBytes)) return Damaged(id, "it is too short");
    auto body = static_cast<std::uint64_t>(info.st_size) - kTrailerBytes;
    ssize_t got = pread(raw, bytes.data(), bytes.size(), static_cast<off_t>(body));
    if (got < 0) return SystemError("pread", errno);
    auto trailer = DecodeTrailer(ByteView(bytes).first(static_cast<std::size_t>(got)));
    if (!trailer || StoredSize(*trailer) != body) return Damaged(id, "its end is wrong");
    return Opened{std::move(fd), *trailer, body};
  }

  // Opens the folder, making it durably where it is new to this process: another one may have made it a moment ago and
  // not have synced it.
  Result<std::shared_ptr<const os::Fd>> Folder(std::size_t index) {
    std::lock_guard lock(mutex_);
    if (folders_[index]) return folders_[index];
    std::string name = FolderName(index);
    if (mkdirat(root_.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return SystemError("mkdir", errno);
    if (fsync(root_.get()) != 0) return SystemError("fsync of a directory", errno);
    auto folder = std::make_shared<os::Fd>(openat(root_.get(), name.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
    if (!folder->valid()) return SystemError("open of a folder", errno);
    folders_[index] = folder;
    return folders_[index];
  }

  // Calls `visit(folder, name)` for each entry until it returns false.
  template <class F>
  Status VisitFolder(std::size_t index, F visit) {
    int fd = openat(root_.get(), FolderName(index).c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Status() : Status(SystemError("open of a folder", errno));
    std::unique_ptr<DIR, int (*)(DIR*)> folder(fdopendir(fd), &closedir);
    if (!folder) return SystemError("fdopendir", errno);
    while (const dirent* entry = readdir(folder.get()))
      if (!visit(folder.get(), entry->d_name)) break;
    return {};
  }

  // Where files need a name while they are written, a crash leaves some.
  void SweepTemporaries() {
    for (std::size_t index = 0; index < kFolders; ++index) {
      static_cast<void>(VisitFolder(index, [](DIR* folder, const char* name) {
        if (std::string_view(name).starts_with(kTemporaryPrefix)) unlinkat(dirfd(folder), name, 0);
        return true;
      }));
    }
  }

  const std::string directory_;
  Random& random_;
  Log log_;
  os::Fd root_;
  bool nameless_files_ = true;
  std::mutex mutex_;
  std::array<std::shared_ptr<const os::Fd>, kFolders> folders_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenDirectoryStore(std::string directory, Random& random, Log log) {
  auto store = std::make_unique<DirectoryStore>(std::move(directory), random, std::move(log));
  ALOFT_TRY(store->Start());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace aloft::blob
