#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "foundation/blob/frames.h"
#include "foundation/blob/remote_writer.h"
#include "foundation/blob/store.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"
#include "foundation/crypto/wipe.h"
#include "foundation/os/must_not_block.h"
#include "foundation/s3/operations.h"

namespace aloft::blob {
namespace {

constexpr std::size_t kIdLength = 32;
// What a first look fetches: all of a small blob, the trailer of a large one.
constexpr std::uint64_t kTailBytes = 256u << 10;
// What a read fetches at once: a whole number of frames.
constexpr std::uint64_t kWindowBytes = 64 * kSealedFrameBytes;
constexpr std::chrono::hours kDeadUpload{24};

bool IsId(std::string_view id) {
  return id.size() == kIdLength && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error Damaged(const BlobId& id, const std::string& how) {
  return Fail(kCorrupt, "Stored bytes are damaged.", "blob " + id.value() + ": " + how);
}

// The bytes as they are stored, fetched in windows; the last one is kept. Thread-safe.
class StoredBytes {
 public:
  StoredBytes(RemoteTarget target, std::uint64_t size, std::uint64_t at, std::string bytes)
      : target_(std::move(target)),
        size_(size),
        window_(std::make_shared<const Window>(Window{at, std::move(bytes)})) {}

  std::uint64_t size() const { return size_; }

  // Exactly out.size() bytes.
  Status Read(std::uint64_t offset, std::span<std::uint8_t> out) {
    while (!out.empty()) {
      ALOFT_ASSIGN(auto window, WindowAt(offset));
      std::uint64_t skip = offset - window->at;
      std::size_t count = std::min<std::uint64_t>(out.size(), window->bytes.size() - skip);
      std::memcpy(out.data(), window->bytes.data() + skip, count);
      offset += count;
      out = out.subspan(count);
    }
    return {};
  }

 private:
  struct Window {
    std::uint64_t at = 0;
    std::string bytes{};
  };

  Result<std::shared_ptr<const Window>> WindowAt(std::uint64_t offset) {
    {
      std::lock_guard lock(mutex_);
      if (offset >= window_->at && offset - window_->at < window_->bytes.size()) return window_;
    }
    std::uint64_t at = offset / kWindowBytes * kWindowBytes;
    auto bytes = s3::GetRange(*target_.client, target_.bucket, target_.name, at, std::min(kWindowBytes, size_ - at));
    if (!bytes.ok() && bytes.error().reason == s3::kNotFound)
      return Fail(kNoSuchBlob, "Stored bytes are missing.", "blob " + target_.id.value());
    if (!bytes.ok()) return std::move(bytes).error();
    if (bytes->size() <= offset - at) return Damaged(target_.id, "the object became shorter");
    auto window = std::make_shared<const Window>(Window{at, std::move(*bytes)});
    std::lock_guard lock(mutex_);
    window_ = window;
    return window;
  }

  const RemoteTarget target_;
  const std::uint64_t size_;
  std::mutex mutex_;
  std::shared_ptr<const Window> window_;
};

class PlainReader final : public Reader {
 public:
  explicit PlainReader(std::unique_ptr<StoredBytes> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_->size(); }
  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= size()) return std::size_t{0};
    out = out.first(std::min<std::uint64_t>(out.size(), size() - offset));
    ALOFT_TRY(bytes_->Read(offset, out));
    return out.size();
  }
  std::optional<FileExtent> extent() const override { return std::nullopt; }

 private:
  std::unique_ptr<StoredBytes> bytes_;
};

class FramedReader final : public Reader {
 public:
  FramedReader(std::unique_ptr<StoredBytes> bytes, std::uint64_t size, const FrameKey& key, const BlobId& id)
      : bytes_(std::move(bytes)), size_(size), key_(key), id_(id) {}

  std::uint64_t size() const override { return size_; }

  Result<std::size_t> Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    if (offset >= size_) return std::size_t{0};
    out = out.first(std::min<std::uint64_t>(out.size(), size_ - offset));
    FrameCipher cipher(key_, id_);
    std::vector<std::uint8_t> plain;
    Status failed;
    for (std::size_t done = 0; done < out.size() && failed.ok();) {
      std::uint64_t at = offset + done;
      failed = ReadFrame(cipher, at / kFrameBytes, plain);
      if (!failed.ok()) crypto::Wipe(out.first(done));
      if (!failed.ok()) break;
      std::size_t skip = at % kFrameBytes;
      std::size_t count = std::min(plain.size() - skip, out.size() - done);
      std::memcpy(out.data() + done, plain.data() + skip, count);
      done += count;
    }
    crypto::Wipe(plain);
    if (!failed.ok()) return std::move(failed).error();
    return out.size();
  }

  std::optional<FileExtent> extent() const override { return std::nullopt; }

  Status CheckEmpty() {
    FrameCipher cipher(key_, id_);
    std::vector<std::uint8_t> plain;
    return ReadFrame(cipher, 0, plain);
  }

 private:
  Status ReadFrame(FrameCipher& cipher, std::uint64_t frame, std::vector<std::uint8_t>& plain) {
    plain.resize(std::min<std::uint64_t>(kFrameBytes, size_ - frame * kFrameBytes));
    std::array<std::uint8_t, kFrameTag> tag;
    ALOFT_TRY(bytes_->Read(frame * kSealedFrameBytes, plain));
    ALOFT_TRY(bytes_->Read(frame * kSealedFrameBytes + plain.size(), tag));
    if (cipher.Open(frame, frame + 1 == FrameCount(size_), plain, tag)) return {};
    return Damaged(id_, "frame " + std::to_string(frame) + " does not open");
  }

  std::unique_ptr<StoredBytes> bytes_;
  const std::uint64_t size_;
  const FrameKey key_;
  const BlobId id_;
};

class RemoteStore final : public Store {
 public:
  RemoteStore(std::shared_ptr<s3::Client> client, std::string bucket, std::string prefix, const Clock& clock,
              Random& random, Log log)
      : client_(std::move(client)),
        bucket_(std::move(bucket)),
        prefix_(std::move(prefix)),
        clock_(clock),
        random_(random),
        log_(std::move(log)) {}

  Result<std::unique_ptr<Writer>> Create(std::uint64_t, const std::optional<FrameKey>& key) override {
    ALOFT_TRY(os::MayBlock());
    std::array<std::uint8_t, kIdLength / 2> bits;
    random_.Fill(bits);
    return CreateRemoteWriter(TargetOf(BlobId(HexEncode(bits))), key);
  }

  Result<std::unique_ptr<Reader>> Open(const BlobId& id, const std::optional<FrameKey>& key) override {
    ALOFT_TRY(os::MayBlock());
    ALOFT_ASSIGN(Opened opened, Look(id));
    const Trailer& trailer = opened.trailer;
    if (trailer.encoding == kFramedEncoding) {
      if (!key) return Fail(kFrameKeyMissing, "Stored bytes are encrypted.", "blob " + id.value() + " needs a key");
      if (FrameCipher(*key, id).key_check() != trailer.key_check)
        return Fail(kFrameKeyWrong, "The stored bytes do not open with this key.", "blob " + id.value());
      auto reader = std::make_unique<FramedReader>(std::move(opened.bytes), trailer.size, *key, id);
      if (trailer.size == 0) ALOFT_TRY(reader->CheckEmpty());
      return std::unique_ptr<Reader>(std::move(reader));
    }
    if (key) return Damaged(id, "it is not encrypted and should be");
    return std::unique_ptr<Reader>(std::make_unique<PlainReader>(std::move(opened.bytes)));
  }

  Status Verify(const BlobId& id) override {
    ALOFT_TRY(os::MayBlock());
    ALOFT_ASSIGN(Opened opened, Look(id));
    std::vector<std::uint8_t> buffer(256u << 10);
    std::uint64_t crc = 0;
    for (std::uint64_t at = 0; at < opened.bytes->size();) {
      auto piece = std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), opened.bytes->size() - at));
      ALOFT_TRY(opened.bytes->Read(at, piece));
      crc = crypto::Crc64Nvme(crc, piece);
      at += piece.size();
    }
    return crc == opened.trailer.crc64 ? Status() : Status(Damaged(id, "its checksum differs"));
  }

  Status Delete(const BlobId& id) override {
    ALOFT_TRY(os::MayBlock());
    if (!IsId(id.value())) return {};
    return s3::DeleteObject(*client_, bucket_, prefix_ + id.value());
  }

  Status List(const std::function<bool(const BlobId&, Time)>& visit) override {
    ALOFT_TRY(os::MayBlock());
    EndDeadUploads();
    std::string next;
    do {
      ALOFT_ASSIGN(auto page, s3::ListObjects(*client_, bucket_, prefix_, next));
      for (const auto& object : page.objects) {
        std::string_view id = std::string_view(object.key).substr(prefix_.size());
        if (IsId(id) && !visit(BlobId(id), object.modified)) return {};
      }
      next = std::move(page.next);
    } while (!next.empty());
    return {};
  }

 private:
  struct Opened {
    Trailer trailer;
    std::unique_ptr<StoredBytes> bytes;
  };

  RemoteTarget TargetOf(BlobId id) const {
    std::string name = prefix_ + id.value();
    return {client_, bucket_, std::move(name), std::move(id)};
  }

  Result<Opened> Look(const BlobId& id) {
    auto missing = [&] { return Fail(kNoSuchBlob, "Stored bytes are missing.", "blob " + id.value()); };
    if (!IsId(id.value())) return missing();
    auto tail = s3::GetTail(*client_, bucket_, prefix_ + id.value(), kTailBytes);
    if (!tail.ok() && tail.error().reason == s3::kNotFound) return missing();
    if (!tail.ok()) return std::move(tail).error();
    if (tail->bytes.size() < kTrailerBytes || tail->size < tail->bytes.size()) return Damaged(id, "it is too short");
    auto trailer = DecodeTrailer(AsBytes(tail->bytes).last(kTrailerBytes));
    std::uint64_t stored = tail->size - kTrailerBytes;
    if (!trailer || StoredSize(*trailer) != stored) return Damaged(id, "its end is wrong");
    std::uint64_t at = tail->size - tail->bytes.size();
    tail->bytes.resize(tail->bytes.size() - kTrailerBytes);
    return Opened{*trailer, std::make_unique<StoredBytes>(TargetOf(id), stored, at, std::move(tail->bytes))};
  }

  void EndDeadUploads() {
    auto uploads = s3::ListUploads(*client_, bucket_, prefix_);
    if (!uploads.ok()) return;  // an endpoint without them has none
    for (const auto& upload : *uploads) {
      bool ours = upload.key.starts_with(prefix_) && IsId(std::string_view(upload.key).substr(prefix_.size()));
      if (!ours || upload.initiated == Time{} || clock_.Now() - upload.initiated < kDeadUpload) continue;
      auto ended = s3::AbortUpload(*client_, bucket_, upload.key, upload.id);
      if (ended.ok()) log_.Info("blob: an upload that died was ended", {{"blob", upload.key}});
    }
  }

  const std::shared_ptr<s3::Client> client_;
  const std::string bucket_;
  const std::string prefix_;
  const Clock& clock_;
  Random& random_;
  Log log_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenRemoteStore(std::shared_ptr<s3::Client> client, std::string bucket,
                                               std::string prefix, const Clock& clock, Random& random, Log log) {
  // The bucket must be there: a store that cannot write should not open.
  ALOFT_TRY(client->Call({.method = "HEAD", .bucket = bucket}));
  return std::unique_ptr<Store>(std::make_unique<RemoteStore>(std::move(client), std::move(bucket), std::move(prefix),
                                                              clock, random, std::move(log)));
}

}  // namespace aloft::blob
