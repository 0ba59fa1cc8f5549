#include "services/objects/body_writer.h"

#include "services/objects/keys.h"

namespace aloft::objects {

void StoredBody::Store(kv::Batch& batch, const Core& core, const Bucket& bucket, std::string_view key) const {
  for (const auto& segment : segments)
    if (segment.is_inline()) batch.Put(kInlineSpace, InlineKey(bucket, segment.tag), inline_body);
  core.Hold(batch, bucket, key, segments);
}

Status BodyWriter::Append(ByteView bytes) {
  size_ += bytes.size();
  if (size_ > core_.limits.max_put_bytes)
    return Fail(kObjectTooLarge, "Your proposed upload exceeds the maximum allowed size");
  digester_.Update(bytes);
  if (!writer_ && size_ <= core_.limits.inline_bytes) {
    buffer_ += AsText(bytes);
    return {};
  }
  if (!writer_) {
    ALOFT_ASSIGN(writer_, core_.blobs.Create(expected_bytes_, key_));
    if (!buffer_.empty()) ALOFT_TRY(writer_->Append(AsBytes(buffer_)));
    buffer_ = {};
  }
  return writer_->Append(bytes);
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
  if (writer_) {
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
    auto deleted = core.blobs.Delete(segment.blob);
    if (!deleted.ok())
      core.log.Warn("a blob of a refused write was not deleted; reclaim will find it",
                    {{"blob", segment.blob.value()}, {"error", Describe(deleted.error())}});
  }
}

}  // namespace aloft::objects
