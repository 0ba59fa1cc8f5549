// Takes the bytes of an object or part: digests them, keeps few in memory and writes many to a blob.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/objects/contract/digests.h"
#include "services/objects/contract/policy.h"
#include "services/objects/engine/compressed_blob.h"
#include "services/objects/engine/core.h"
#include "services/objects/engine/encryption.h"

namespace aloft::objects {

// The class by which bytes are laid down. What a customer's key guards stays in the blob store: nobody could open it to
// bring it back from the archive.
std::string ClassOfBytes(const std::string& storage_class, EncryptionKind kind);
bool GoesToArchive(const Core& core, const Attributes& attributes);

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
             const std::optional<blob::FrameKey>& key, const std::string& storage_class = {});

  // For objects that are there already, made of parts: longer than one put may be.
  void TakeWholeObject() { most_ = core_.limits.max_object_bytes; }
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
  // Opens the blob once the bytes in memory are too many, by what the class asks for.
  Status OpenBlob();
  Status AppendToBlob(ByteView bytes);

  const std::optional<blob::FrameKey> key_;
  const Tier tier_;
  std::uint64_t most_ = core_.limits.max_put_bytes;
  std::uint64_t size_ = 0;
  std::string buffer_;
  std::unique_ptr<blob::Writer> writer_;
  std::unique_ptr<CompressingWriter> compressing_;  // instead of writer_
};

}  // namespace aloft::objects
