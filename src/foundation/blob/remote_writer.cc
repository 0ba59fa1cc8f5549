#include "foundation/blob/remote_writer.h"

#include <algorithm>

#include "foundation/blob/frames.h"
#include "foundation/blob/trailer.h"
#include "foundation/crypto/crc.h"
#include "foundation/s3/operations.h"

namespace aloft::blob {
namespace {

constexpr std::size_t kFirstPart = 8u << 20;
constexpr std::size_t kLargestPart = 512u << 20;
constexpr int kPartsOfASize = 1000;  // then parts double, so that 10,000 of them hold more than two tebibytes
constexpr int kMostParts = 10'000;

class RemoteWriter final : public Writer {
 public:
  RemoteWriter(RemoteTarget target, const std::optional<FrameKey>& key) : target_(std::move(target)) {
    if (key) cipher_.emplace(*key, target_.id);
  }

  ~RemoteWriter() override {
    // One attempt to tidy up: List ends what stays.
    if (!committed_ && !upload_.empty())
      static_cast<void>(s3::AbortUpload(*target_.client, target_.bucket, target_.name, upload_));
  }

  Status Append(ByteView bytes) override {
    if (failed_) return *failed_;
    size_ += bytes.size();
    Status done = cipher_ ? AppendFramed(bytes) : Take(bytes);
    if (!done.ok() && !failed_) failed_ = done.error();
    return done;
  }

  Status Commit() override {
    if (failed_) return *failed_;
    if (committed_) return Fail(kInternal, "Internal error.", "a blob committed twice");
    Status done = Finish();
    committed_ = done.ok();
    if (!done.ok()) failed_ = done.error();
    return done;
  }

  const BlobId& id() const override { return target_.id; }

 private:
  // A full frame waits until more comes: only then is it known not to be the last.
  Status AppendFramed(ByteView bytes) {
    while (!bytes.empty()) {
      if (frame_.size() == kFrameBytes) ALOFT_TRY(TakeFrame(false));
      std::size_t count = std::min(kFrameBytes - frame_.size(), bytes.size());
      frame_.insert(frame_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
    }
    return {};
  }

  Status TakeFrame(bool last) {
    std::array<std::uint8_t, kFrameTag> tag;
    cipher_->Seal(frames_++, last, frame_, frame_.data(), tag);
    ALOFT_TRY(Take(frame_));
    frame_.clear();
    return Take(tag);
  }

  // Bytes as they are stored.
  Status Take(ByteView bytes) {
    crc64_ = crypto::Crc64Nvme(crc64_, bytes);
    while (!bytes.empty()) {
      if (part_.size() == part_bytes_) ALOFT_TRY(SendPart());
      std::size_t count = std::min(part_bytes_ - part_.size(), bytes.size());
      part_.append(reinterpret_cast<const char*>(bytes.data()), count);
      bytes = bytes.subspan(count);
    }
    return {};
  }

  Status SendPart() {
    if (parts_.size() == kMostParts) return Fail(kInvalidArgument, "The bytes are too many for the remote store.");
    if (upload_.empty()) {
      ALOFT_ASSIGN(upload_, s3::CreateUpload(*target_.client, target_.bucket, target_.name));
    }
    int number = static_cast<int>(parts_.size()) + 1;
    ALOFT_ASSIGN(std::string etag,
                 s3::UploadPart(*target_.client, target_.bucket, target_.name, upload_, number, std::move(part_)));
    part_.clear();
    parts_.push_back({number, std::move(etag), 0});
    if (number % kPartsOfASize == 0) part_bytes_ = std::min(part_bytes_ * 2, kLargestPart);
    return {};
  }

  Status Finish() {
    if (cipher_) ALOFT_TRY(TakeFrame(true));
    auto trailer =
        EncodeTrailer({cipher_ ? kFramedEncoding : kPlainEncoding, size_, crc64_, cipher_ ? cipher_->key_check() : 0});
    part_.append(reinterpret_cast<const char*>(trailer.data()), trailer.size());
    if (upload_.empty()) {
      ALOFT_TRY(s3::PutObject(*target_.client, target_.bucket, target_.name, std::move(part_)));
      return {};
    }
    ALOFT_TRY(SendPart());
    auto completed = s3::CompleteUpload(*target_.client, target_.bucket, target_.name, upload_, parts_);
    if (completed.ok()) return {};
    // The answer to an earlier attempt may have been lost: then the upload is gone and the object is there.
    auto there = s3::HeadObject(*target_.client, target_.bucket, target_.name);
    return there.ok() ? Status() : Status(std::move(completed).error());
  }

  const RemoteTarget target_;
  std::optional<FrameCipher> cipher_;
  std::vector<std::uint8_t> frame_;  // plain until it is full
  std::uint64_t frames_ = 0;
  std::string part_;
  std::size_t part_bytes_ = kFirstPart;
  std::string upload_;
  std::vector<s3::UploadedPart> parts_;
  std::uint64_t size_ = 0;
  std::uint64_t crc64_ = 0;  // of what is stored
  bool committed_ = false;
  std::optional<Error> failed_;
};

}  // namespace

std::unique_ptr<Writer> CreateRemoteWriter(RemoteTarget target, const std::optional<FrameKey>& key) {
  return std::make_unique<RemoteWriter>(std::move(target), key);
}

}  // namespace aloft::blob
