#include "foundation/blob/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "foundation/base/fault_point.h"
#include "foundation/blob/frames.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/thread_pool.h"

namespace aloft::blob {
namespace {

// Small pieces are gathered up to this; larger ones go to the page cache as they come. Writing around the cache
// (O_DIRECT) was measured at 8 MiB: the same CPU, and the next reader finds nothing cached.
constexpr std::size_t kBuffer = kFrameBytes;
// Below this a buffer of frames grows as it needs.
constexpr std::size_t kSmallFrame = 8u << 10;
// From this size on a full disk is told before the first byte, and room is reserved so that extents are long.
constexpr std::uint64_t kReserveFrom = 1u << 20;
// A client's word on a size must not fill the disk: what is reserved runs ahead of what has come, by as much, within
// these.
constexpr std::uint64_t kLeastAhead = 2u << 20;
constexpr std::uint64_t kMostAhead = 64u << 20;
// The disk is told to begin after so many bytes: what it has not written when the last one comes, the sync waits for.
constexpr std::uint64_t kWriteBehind = 1u << 20;

class FileWriter final : public Writer {
 public:
  FileWriter(Target target, os::Fd fd, const std::optional<FrameKey>& key)
      : target_(std::move(target)), fd_(std::move(fd)) {
    if (!key) return;
    cipher_.emplace(*key, target_.id);
    sealed_.resize(kSealedFrameBytes);
  }

  ~FileWriter() override {
    if (cipher_) crypto::Wipe(buffer_);
    if (!committed_ && !target_.nameless_files) unlinkat(target_.directory->get(), TemporaryName().c_str(), 0);
  }

  void Expect(std::uint64_t bytes) {
    expected_ = bytes + kTrailerBytes;
    struct statvfs disk {};
    if (fstatvfs(fd_.get(), &disk) == 0 && std::uint64_t{disk.f_bavail} * disk.f_frsize < expected_)
      failed_ = SystemError("room for a new blob", ENOSPC);
    else
      ReserveAhead();
  }
  const std::optional<Error>& failed() const { return failed_; }

  Status Append(ByteView bytes) override {
    if (failed_) return *failed_;
    size_ += bytes.size();
    if (cipher_) return AppendFramed(bytes);
    if (buffer_.size() + bytes.size() > kBuffer) ALOFT_TRY(Flush());
    if (bytes.size() >= kBuffer) return WriteAll(bytes);
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
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
  void ReserveAhead() {
    const std::uint64_t until = std::min(expected_, written_ + std::clamp(written_, kLeastAhead, kMostAhead));
    if (until <= reserved_) return;
    const auto from = static_cast<off_t>(reserved_), count = static_cast<off_t>(until - reserved_);
    if (fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, from, count) == 0) {
      reserved_ = until;
    } else if (errno == ENOSPC) {
      failed_ = SystemError("fallocate", errno);
    } else {
      expected_ = 0;  // this file system reserves nothing
    }
  }

  // Only a hint: durable is what fdatasync has said.
  void BeginWriteback() {
    if (written_ - behind_ < kWriteBehind) return;
    const auto from = static_cast<off_t>(behind_), count = static_cast<off_t>(written_ - behind_);
    static_cast<void>(sync_file_range(fd_.get(), from, count, SYNC_FILE_RANGE_WRITE));
    behind_ = written_;
  }

  std::string TemporaryName() const { return std::string(kTemporaryPrefix) + target_.id.value(); }

  // A full frame waits until more comes: only then is it known not to be the last.
  Status AppendFramed(ByteView bytes) {
    while (!bytes.empty()) {
      if (buffer_.size() == kFrameBytes) {
        ALOFT_TRY(WriteFrame(false, buffer_));
        buffer_.clear();
      }
      if (buffer_.empty() && bytes.size() > kFrameBytes) {
        ALOFT_TRY(WriteFrame(false, bytes.first(kFrameBytes)));
        bytes = bytes.subspan(kFrameBytes);
        continue;
      }
      const std::size_t count = std::min(kFrameBytes - buffer_.size(), bytes.size());
      if (buffer_.capacity() < kFrameBytes && buffer_.size() + count > kSmallFrame) buffer_.reserve(kFrameBytes);
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
    }
    return {};
  }

  Status WriteFrame(bool last, ByteView plain) {
    cipher_->Seal(frames_++, last, plain, sealed_.data(),
                  std::span<std::uint8_t, kFrameTag>(sealed_.data() + plain.size(), kFrameTag));
    return WriteAll(ByteView(sealed_).first(plain.size() + kFrameTag));
  }

  Status Finish() {
    if (cipher_) ALOFT_TRY(WriteFrame(true, buffer_));
    if (!cipher_) ALOFT_TRY(Flush());
    auto trailer =
        EncodeTrailer({cipher_ ? kFramedEncoding : kPlainEncoding, size_, crc64_, cipher_ ? cipher_->key_check() : 0});
    ALOFT_TRY(WriteAll(trailer));
    if (reserved_ > written_ && ftruncate(fd_.get(), static_cast<off_t>(written_)) != 0)
      return SystemError("ftruncate", errno);
    const os::Blocking blocking;
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

  Status Flush() {
    ALOFT_TRY(WriteAll(buffer_));
    buffer_.clear();
    return {};
  }

  Status WriteAll(ByteView bytes) {
    if (auto error = FaultError("blob.write")) {
      failed_ = *error;
      return *failed_;
    }
    if (written_ + bytes.size() > reserved_ && expected_ > reserved_) ReserveAhead();
    if (failed_) return *failed_;
    crc64_ = crypto::Crc64Nvme(crc64_, bytes);
    while (!bytes.empty()) {
      ssize_t count = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(written_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        failed_ = SystemError("pwrite", errno);
        return *failed_;
      }
      written_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    BeginWriteback();
    return {};
  }

  const Target target_;
  os::Fd fd_;
  std::vector<std::uint8_t> buffer_;
  std::optional<FrameCipher> cipher_;
  std::vector<std::uint8_t> sealed_;  // the frame that is being written
  std::uint64_t frames_ = 0;
  std::uint64_t written_ = 0;   // to the file
  std::uint64_t behind_ = 0;    // of that: what the disk was told to begin with
  std::uint64_t expected_ = 0;  // as it was announced, sealed and with its trailer; 0: unknown
  std::uint64_t reserved_ = 0;  // of the disk
  std::uint64_t size_ = 0;
  std::uint64_t crc64_ = 0;  // of what was written
  bool committed_ = false;
  std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<Writer>> CreateFileWriter(Target target, std::uint64_t expected_bytes,
                                                 const std::optional<FrameKey>& key) {
  int flags = O_WRONLY | O_CLOEXEC;
  int folder = target.directory->get();
  std::string temporary = std::string(kTemporaryPrefix) + target.id.value();
  os::Fd fd(target.nameless_files ? openat(folder, ".", flags | O_TMPFILE, 0600)
                                  : openat(folder, temporary.c_str(), flags | O_CREAT | O_EXCL, 0600));
  if (!fd.valid()) return SystemError("open of a new blob", errno);
  auto writer = std::make_unique<FileWriter>(std::move(target), std::move(fd), key);
  if (expected_bytes >= kReserveFrom)
    writer->Expect(key && expected_bytes <= kMaxFramedBytes ? SealedSize(expected_bytes) : expected_bytes);
  if (writer->failed()) return *writer->failed();
  return std::unique_ptr<Writer>(std::move(writer));
}

}  // namespace aloft::blob
