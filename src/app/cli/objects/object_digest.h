// The ETag that bytes have by S3's rules, made while they pass: MD5 of all, and of its parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"

namespace aloft::app {

class ObjectDigest {
 public:
  // How long each part is; empty: it has none.
  explicit ObjectDigest(std::vector<std::uint64_t> part_sizes = {}) : part_sizes_(std::move(part_sizes)) {}

  void Update(ByteView bytes);
  // Hexadecimal; the digest then starts anew.
  std::string Whole();
  // "<md5 of md5s>-<parts>" of all parts, which have come.
  std::string Composite();

 private:
  const std::vector<std::uint64_t> part_sizes_;
  std::uint64_t in_part_ = 0;
  std::size_t parts_ = 0;
  std::string part_digests_;  // raw, one after the other
  crypto::Hash whole_{crypto::Digest::kMd5};
  crypto::Hash part_{crypto::Digest::kMd5};
};

// The ETag of parts with these ETags (hexadecimal MD5s).
std::string CompositeOf(const std::vector<std::string>& etags);

// 32 hexadecimal digits: may be an MD5.
bool LooksLikeMd5(std::string_view etag);
// N of "<32 digits>-N"; 0 where it is another thing.
int PartsOf(std::string_view etag);

}  // namespace aloft::app
