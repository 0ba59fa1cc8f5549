// Takes the bytes of an object or part: digests them, keeps few in memory and writes many to a blob.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/objects/core.h"
#include "services/objects/digests.h"
#include "services/objects/encryption.h"

namespace aloft::objects {

// Bytes that are durable, or will be with the batch that Store() adds them to.
struct StoredBody {
  std::vector<Segment> segments;  // none where empty
  std::string inline_body;        // as it is stored
  std::uint64_t size = 0;
  std::string md5;  // raw
  Checksum checksum;

  // Adds inline bytes and holders to the batch that makes the body visible.
  void Store(kv::Batch& batch, const Core& core, const Bucket& bucket, std::string_view key) const;
};

class BodyWriter {
 public:
  BodyWriter(Core& core, ChecksumAlgorithm checksum, std::uint64_t expected_bytes,
             const std::optional<blob::FrameKey>& key)
      : core_(core), digester_(checksum), expected_bytes_(expected_bytes), key_(key) {}

  // kObjectTooLarge, and what the disk says.
  Status Append(ByteView bytes);
  // kBadDigest before anything is kept. Once.
  Result<StoredBody> Finish(const ExpectedDigests& expected);
  // Throws away what Finish made durable, where the batch was surely refused.
  static void Discard(Core& core, const StoredBody& body);

 private:
  Core& core_;
  Digester digester_;
  std::uint64_t expected_bytes_;
  const std::optional<blob::FrameKey> key_;
  std::uint64_t size_ = 0;
  std::string buffer_;
  std::unique_ptr<blob::Writer> writer_;
};

}  // namespace aloft::objects
