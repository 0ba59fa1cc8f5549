#include <sys/uio.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "foundation/blob/frames.h"
#include "foundation/crypto/wipe.h"

namespace aloft::blob {
namespace {

// Frames of one system call: what was read is opened while it is still in the cache.
constexpr std::size_t kBatch = 4;

class FrameReader final : public Reader {
 public:
  FrameReader(std::shared_ptr<const int> fd, std::uint64_t size, const FrameKey& key, const BlobId& id,
              std::unique_ptr<FrameCipher> cipher)
      : fd_(std::move(fd)), size_(size), key_(key), id_(id), spare_(cipher.release()) {}
  ~FrameReader() override { delete spare_.load(); }

  std::uint64_t size() const override { return size_; }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= size_ || out.empty()) return std::size_t{0};
    out = out.first(std::min<std::uint64_t>(out.size(), size_ - offset));
    std::unique_ptr<FrameCipher> cipher = TakeCipher();
    Result<std::size_t> done = ReadWith(*cipher, offset, out);
    delete spare_.exchange(cipher.release());
    return done;
  }

  std::optional<FileExtent> extent() const override { return std::nullopt; }

  Status CheckEmpty() {
    std::array<std::uint8_t, kFrameTag> tag;
    std::array<iovec, 1> pieces{iovec{tag.data(), kFrameTag}};
    ALOFT_TRY(ReadExactly(0, pieces));
    if (!TakeCipher()->Open(0, true, {}, tag)) return Damaged(0);
    return {};
  }

 private:
  // Readers at the same time take ciphers of their own; one is kept for the next.
  std::unique_ptr<FrameCipher> TakeCipher() {
    std::unique_ptr<FrameCipher> cipher(spare_.exchange(nullptr));
    if (!cipher) cipher = std::make_unique<FrameCipher>(key_, id_);
    return cipher;
  }

  Result<std::size_t> ReadWith(FrameCipher& cipher, std::uint64_t offset, std::span<std::uint8_t> out) {
    std::size_t done = 0;
    while (done < out.size()) {
      const std::uint64_t at = offset + done;
      const std::size_t left = out.size() - done;
      // Whole frames are opened where the caller wants them, the others aside.
      Result<std::size_t> read = at % kFrameBytes == 0 && left >= BytesOf(at / kFrameBytes)
                                     ? ReadWhole(cipher, at / kFrameBytes, out.subspan(done))
                                     : ReadPart(cipher, at, out.subspan(done));
      if (!read.ok()) {
        crypto::Wipe(out.first(done));
        return read;
      }
      done += *read;
    }
    return done;
  }

  std::size_t BytesOf(std::uint64_t frame) const {
    return std::min<std::uint64_t>(kFrameBytes, size_ - frame * kFrameBytes);
  }

  Result<std::size_t> ReadWhole(FrameCipher& cipher, std::uint64_t first, std::span<std::uint8_t> out) {
    std::array<std::array<std::uint8_t, kFrameTag>, kBatch> tags;
    std::array<iovec, 2 * kBatch> pieces;
    std::size_t count = 0, planned = 0;
    for (; count < kBatch && first + count < FrameCount(size_); ++count) {
      const std::size_t bytes = BytesOf(first + count);
      if (planned + bytes > out.size()) break;
      pieces[2 * count] = {out.data() + planned, bytes};
      pieces[2 * count + 1] = {tags[count].data(), kFrameTag};
      planned += bytes;
    }
    ALOFT_TRY(ReadExactly(first * kSealedFrameBytes, std::span(pieces).first(2 * count)));
    for (std::size_t i = 0, at = 0; i < count; ++i) {
      const std::size_t bytes = BytesOf(first + i);
      if (!cipher.Open(first + i, IsLast(first + i), out.subspan(at, bytes), tags[i])) {
        crypto::Wipe(out.first(planned));
        return Damaged(first + i);
      }
      at += bytes;
    }
    return planned;
  }

  Result<std::size_t> ReadPart(FrameCipher& cipher, std::uint64_t offset, std::span<std::uint8_t> out) {
    const std::uint64_t frame = offset / kFrameBytes;
    const std::size_t bytes = BytesOf(frame), skip = offset % kFrameBytes;
    const auto buffer = std::make_unique_for_overwrite<std::uint8_t[]>(bytes);
    std::array<std::uint8_t, kFrameTag> tag;
    std::array<iovec, 2> pieces{iovec{buffer.get(), bytes}, iovec{tag.data(), kFrameTag}};
    ALOFT_TRY(ReadExactly(frame * kSealedFrameBytes, pieces));
    if (!cipher.Open(frame, IsLast(frame), {buffer.get(), bytes}, tag)) return Damaged(frame);
    const std::size_t count = std::min(out.size(), bytes - skip);
    std::copy_n(buffer.get() + skip, count, out.data());
    crypto::Wipe(buffer.get(), bytes);
    return count;
  }

  bool IsLast(std::uint64_t frame) const { return frame + 1 == FrameCount(size_); }

  Status ReadExactly(std::uint64_t position, std::span<iovec> pieces) {
    while (!pieces.empty()) {
      ssize_t count = preadv(*fd_, pieces.data(), static_cast<int>(pieces.size()), static_cast<off_t>(position));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError("preadv", errno);
      if (count == 0) return Fail(kCorrupt, "Stored bytes are damaged.", "a blob's file became shorter");
      position += static_cast<std::uint64_t>(count);
      auto got = static_cast<std::size_t>(count);
      while (!pieces.empty() && got >= pieces.front().iov_len) {
        got -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
      }
      if (got > 0) pieces.front() = {static_cast<char*>(pieces.front().iov_base) + got, pieces.front().iov_len - got};
    }
    return {};
  }

  Error Damaged(std::uint64_t frame) const {
    return Fail(kCorrupt, "Stored bytes are damaged.",
                "blob " + id_.value() + ": frame " + std::to_string(frame) + " does not hold");
  }

  const std::shared_ptr<const int> fd_;
  const std::uint64_t size_;
  const FrameKey key_;
  const BlobId id_;
  std::atomic<FrameCipher*> spare_;
};

}  // namespace

Result<std::unique_ptr<Reader>> MakeFrameReader(std::shared_ptr<const int> fd, std::uint64_t size, const FrameKey& key,
                                                const BlobId& id, std::unique_ptr<FrameCipher> cipher) {
  auto reader = std::make_unique<FrameReader>(std::move(fd), size, key, id, std::move(cipher));
  if (size == 0) ALOFT_TRY(reader->CheckEmpty());
  return std::unique_ptr<Reader>(std::move(reader));
}

}  // namespace aloft::blob
