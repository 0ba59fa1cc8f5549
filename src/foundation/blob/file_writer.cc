#include "foundation/blob/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "foundation/base/fault_point.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"

namespace aloft::blob {
namespace {

// Large blobs bypass the page cache: half the CPU and no eviction of what others read (docs/benchmarks.md).
constexpr std::uint64_t kDirectFrom = 1u << 20;
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kDirectBuffer = 512u << 10;
constexpr std::size_t kSmallBuffer = 64u << 10;
// A client's word on the size reserves no more than this at once.
constexpr std::uint64_t kMaxReserve = 256u << 20;

class FileWriter final : public Writer {
 public:
  FileWriter(Target target, os::Fd fd, bool direct)
      : target_(std::move(target)),
        fd_(std::move(fd)),
        direct_(direct),
        capacity_(direct ? kDirectBuffer : kSmallBuffer),
        buffer_(static_cast<std::uint8_t*>(std::aligned_alloc(kBlock, capacity_)), &std::free) {}

  ~FileWriter() override {
    if (!committed_ && !target_.nameless_files) unlinkat(target_.directory->get(), TemporaryName().c_str(), 0);
  }

  bool has_memory() const { return buffer_ != nullptr; }
  void Reserve(std::uint64_t bytes) {
    reserved_ = std::min(bytes + kTrailerBytes, kMaxReserve);
    if (fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(reserved_)) == 0) return;
    if (errno == ENOSPC) failed_ = SystemError("fallocate", errno);
    reserved_ = 0;
  }
  const std::optional<Error>& failed() const { return failed_; }

  Status Append(ByteView bytes) override {
    if (failed_) return *failed_;
    crc64_ = crypto::Crc64Nvme(crc64_, bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (filled_ == 0 && !direct_ && bytes.size() >= capacity_) {
        // No need to gather: the page cache takes any address and length.
        ALOFT_TRY(WriteAll(bytes));
        return {};
      }
      std::size_t part = std::min(bytes.size(), capacity_ - filled_);
      std::memcpy(buffer_.get() + filled_, bytes.data(), part);
      filled_ += part;
      bytes = bytes.subspan(part);
      if (filled_ == capacity_) ALOFT_TRY(Flush());
    }
    return {};
  }

  Status Commit() override {
    if (failed_) return *failed_;
    if (committed_) return Fail(kInternal, "Internal error.", "a blob committed twice");
    Status done = Finish();
    if (!done.ok() && !failed_) failed_ = done.error();
    return done;
  }

  const BlobId& id() const override { return target_.id; }

 private:
  std::string TemporaryName() const { return std::string(kTemporaryPrefix) + target_.id.value(); }

  Status Finish() {
    if (direct_) {
      // The tail is no whole block.
      ALOFT_TRY(DropDirect());
    }
    ALOFT_TRY(Flush());
    auto trailer = EncodeTrailer({kPlainEncoding, size_, crc64_});
    ALOFT_TRY(WriteAll(trailer));
    if (reserved_ > written_ && ftruncate(fd_.get(), static_cast<off_t>(written_)) != 0)
      return SystemError("ftruncate", errno);
    if (auto error = FaultError("blob.fsync")) return *error;
    if (fdatasync(fd_.get()) != 0) return SystemError("fdatasync", errno);
    if (auto error = FaultError("blob.link")) return *error;
    ALOFT_TRY(Appear());
    Status synced = SyncFolder();
    if (!synced.ok()) unlinkat(target_.directory->get(), target_.id.value().c_str(), 0);
    committed_ = synced.ok();
    return synced;
  }

  Status SyncFolder() {
    if (auto error = FaultError("blob.sync_directory")) return *error;
    if (fsync(target_.directory->get()) != 0) return SystemError("fsync of a directory", errno);
    return {};
  }

  Status Appear() {
    const char* name = target_.id.value().c_str();
    if (!target_.nameless_files) {
      if (renameat(target_.directory->get(), TemporaryName().c_str(), target_.directory->get(), name) != 0)
        return SystemError("rename", errno);
      return {};
    }
    std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
    if (linkat(AT_FDCWD, self.c_str(), target_.directory->get(), name, AT_SYMLINK_FOLLOW) != 0)
      return SystemError("linkat", errno);
    return {};
  }

  Status DropDirect() {
    std::size_t whole = filled_ / kBlock * kBlock;
    std::size_t rest = filled_ - whole;
    filled_ = whole;
    ALOFT_TRY(Flush());
    std::memmove(buffer_.get(), buffer_.get() + whole, rest);
    filled_ = rest;
    direct_ = false;
    int flags = fcntl(fd_.get(), F_GETFL);
    if (flags < 0 || fcntl(fd_.get(), F_SETFL, flags & ~O_DIRECT) != 0) return SystemError("fcntl", errno);
    return {};
  }

  Status Flush() {
    ALOFT_TRY(WriteAll({buffer_.get(), filled_}));
    filled_ = 0;
    return {};
  }

  Status WriteAll(ByteView bytes) {
    if (auto error = FaultError("blob.write")) {
      failed_ = *error;
      return *failed_;
    }
    while (!bytes.empty()) {
      ssize_t count = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(written_));
      if (count < 0 && errno == EINTR) continue;
      // Direct writes are refused on some file systems and for an address after a short write: go on without.
      if (count < 0 && errno == EINVAL && direct_) {
        direct_ = false;
        int flags = fcntl(fd_.get(), F_GETFL);
        if (flags >= 0 && fcntl(fd_.get(), F_SETFL, flags & ~O_DIRECT) == 0) continue;
      }
      if (count < 0) {
        failed_ = SystemError("pwrite", errno);
        return *failed_;
      }
      written_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  const Target target_;
  os::Fd fd_;
  bool direct_;
  const std::size_t capacity_;
  std::unique_ptr<std::uint8_t, decltype(&std::free)> buffer_;
  std::size_t filled_ = 0;
  std::uint64_t written_ = 0;   // to the file
  std::uint64_t reserved_ = 0;  // of the disk
  std::uint64_t size_ = 0;
  std::uint64_t crc64_ = 0;
  bool committed_ = false;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<Writer>> CreateFileWriter(Target target, std::uint64_t expected_bytes) {
  bool direct = expected_bytes >= kDirectFrom;
  std::string temporary = std::string(kTemporaryPrefix) + target.id.value();
  auto open_file = [&](int flags) {
    flags |= O_WRONLY | O_CLOEXEC;
    if (target.nameless_files) return openat(target.directory->get(), ".", flags | O_TMPFILE, 0600);
    return openat(target.directory->get(), temporary.c_str(), flags | O_CREAT | O_EXCL, 0600);
  };
  os::Fd fd(open_file(direct ? O_DIRECT : 0));
  if (!fd.valid() && direct && errno == EINVAL) {
    direct = false;
    fd.Reset(open_file(0));
  }
  if (!fd.valid()) return SystemError("open of a new blob", errno);
  auto writer = std::make_unique<FileWriter>(std::move(target), std::move(fd), direct);
  if (!writer->has_memory()) return Fail(kUnavailable, "No memory for another upload; try again later.");
  if (direct) writer->Reserve(expected_bytes);
  if (writer->failed()) return *writer->failed();
  return std::unique_ptr<Writer>(std::move(writer));
}

}  // namespace aloft::blob
