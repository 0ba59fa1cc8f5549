#include "services/objects/engine/body_writer.h"

#include "services/objects/records/keys.h"

namespace aloft::objects {

void StoredBody::Store(kv::Batch& batch, const Core& core, const Bucket& bucket, std::string_view key) const {
  for (const auto& segment : segments)
    if (segment.is_inline()) batch.Put(kInlineSpace, InlineKey(bucket, segment.tag), inline_body);
  core.Hold(batch, bucket, key, segments);
}

std::string ClassOfBytes(const std::string& storage_class, EncryptionKind kind) {
  bool stays = kind == EncryptionKind::kSseC && TierOf(storage_class) == Tier::kArchive;
  return stays ? std::string() : storage_class;
}

bool GoesToArchive(const Core& core, const Attributes& attributes) {
  return core.archive != nullptr && TierOf(attributes.storage_class) == Tier::kArchive;
}

BodyWriter::BodyWriter(Core& core, ChecksumAlgorithm checksum, std::uint64_t expected_bytes,
                       const std::optional<blob::FrameKey>& key, const std::string& storage_class)
    : core_(core),
      digester_(checksum),
      expected_bytes_(expected_bytes),
      key_(key),
      tier_(TierOf(storage_class) == Tier::kArchive && core.archive == nullptr ? Tier::kPlain : TierOf(storage_class)) {
}

Status BodyWriter::OpenBlob() {
  blob::Store& store = tier_ == Tier::kArchive ? *core_.archive : core_.blobs;
  ALOFT_ASSIGN(auto writer, store.Create(tier_ == Tier::kCompressed ? 0 : expected_bytes_, key_));
  // The bytes in memory are the sample that decides.
  if (tier_ == Tier::kCompressed && CompressionPays(AsBytes(buffer_)))
    compressing_ = std::make_unique<CompressingWriter>(std::move(writer));
  else
    writer_ = std::move(writer);
  if (!buffer_.empty()) ALOFT_TRY(AppendToBlob(AsBytes(buffer_)));
  buffer_ = {};
  return {};
}

Status BodyWriter::AppendToBlob(ByteView bytes) {
  return compressing_ ? compressing_->Append(bytes) : writer_->Append(bytes);
}

Status BodyWriter::Append(ByteView bytes) {
  size_ += bytes.size();
  if (size_ > most_) return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  digester_.Update(bytes);
  if (writer_ || compressing_) return AppendToBlob(bytes);
  std::size_t most = tier_ == Tier::kCompressed ? core_.limits.min_compress_bytes : core_.limits.inline_bytes;
  if (size_ <= most) {
    buffer_ += AsText(bytes);
    return {};
  }
  if (tier_ == Tier::kCompressed) {
    buffer_ += AsText(bytes);
    return OpenBlob();
  }
  ALOFT_TRY(OpenBlob());
  return AppendToBlob(bytes);
}

Result<StoredBody> BodyWriter::Finish(const ExpectedDigests& expected) {
  auto digests = digester_.Finish();
  if (!expected.md5.empty() && expected.md5 != digests.md5)
    return Fail(kBadDigest, "The Content-MD5 you specified did not match what we received.");
  if (!expected.checksum.empty() && expected.checksum != digests.checksum.value)
    return Fail(kBadDigest, "The " + std::string(ToString(digests.checksum.algorithm)) +
                                " you specified did not match the calculated checksum.");
  StoredBody body;
  body.size = size_;
  body.md5 = std::move(digests.md5);
  body.checksum = std::move(digests.checksum);
  if (size_ == 0) return body;
  Segment segment{.tag = core_.NewTag(), .blob = {}, .offset = 0, .length = size_};
  // Too few to compress, or small and yet for the archive.
  bool in_memory = !writer_ && !compressing_;
  if (in_memory && (size_ > core_.limits.inline_bytes || tier_ == Tier::kArchive)) ALOFT_TRY(OpenBlob());
  segment.archived = tier_ == Tier::kArchive;
  if (compressing_) {
    ALOFT_TRY(compressing_->Commit());
    segment.blob = compressing_->id();
    segment.compressed = true;
    compressing_.reset();
  } else if (writer_) {
    ALOFT_TRY(writer_->Commit());
    segment.blob = writer_->id();
    writer_.reset();
  } else {
    body.inline_body = SealBody(core_, segment, key_, std::move(buffer_));
  }
  body.segments.push_back(std::move(segment));
  return body;
}

void BodyWriter::Discard(Core& core, const StoredBody& body) {
  for (const auto& segment : body.segments) {
    if (segment.is_inline()) continue;
    auto deleted = core.StoreOf(segment).Delete(segment.blob);
    if (!deleted.ok())
      core.log.Warn("a blob of a refused write was not deleted; reclaim will find it",
                    {{"blob", segment.blob.value()}, {"error", Describe(deleted.error())}});
  }
}

}  // namespace aloft::objects
