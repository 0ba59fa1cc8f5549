// The digests of a stream of bytes: always MD5, which ETags are made of, and one of the five checksums of S3.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"
#include "foundation/crypto/hash.h"
#include "services/objects/contract/types.h"

namespace aloft::objects {

// "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"; empty for kNone.
std::string_view ToString(ChecksumAlgorithm algorithm);
std::optional<ChecksumAlgorithm> ParseChecksumAlgorithm(std::string_view name);  // any case
// Bytes of its value.
std::size_t ChecksumBytes(ChecksumAlgorithm algorithm);
// Checksums that can be joined from those of the parts.
bool IsCrc(ChecksumAlgorithm algorithm);

class Digester {
 public:
  explicit Digester(ChecksumAlgorithm algorithm);
  void Update(ByteView bytes);
  struct Digests {
    std::string md5;    // raw
    Checksum checksum;  // of the whole stream
  };
  // Once.
  Digests Finish();

 private:
  ChecksumAlgorithm algorithm_;
  crypto::Hash md5_;
  std::optional<crypto::Hash> sha_;
  std::uint64_t crc_ = 0;
};

// Of an object made of parts: the ETag "<hex>-<n>", and the checksum by its type. Parts whose checksum is of another
// algorithm have none to join: the result is then kNone.
std::string CompositeETag(const std::vector<Part>& parts);
Checksum JoinChecksums(const std::vector<Part>& parts, ChecksumAlgorithm algorithm, ChecksumType type);

}  // namespace aloft::objects
