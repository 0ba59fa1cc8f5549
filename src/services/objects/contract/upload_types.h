// Uploads in parts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/objects/contract/types.h"

namespace aloft::objects {

struct UploadInfo {
  std::string key{};
  UploadId id{};
  Time initiated{};
  std::string storage_class{};
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kNone;
  ChecksumType checksum_type = ChecksumType::kFullObject;
  Encryption encryption{};
};

struct PartRequest {
  std::string bucket{};
  std::string key{};
  UploadId upload{};
  int number = 0;
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kNone;  // kNone: the upload's
  std::uint64_t expected_bytes = 0;
  std::string customer_key{};  // as in ReadOptions
};

struct CopyRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// What a part is copied from.
struct PartSource {
  AccountId account{};  // whose it is; empty: the upload's account
  std::string bucket{};
  std::string key{};
  std::optional<CopyRange> range{};  // absent: the whole object
  ReadOptions options{};             // `allow` may refuse it
};

struct PartsPage {
  UploadInfo upload{};
  std::vector<Part> parts{};
  bool truncated = false;
};

struct CompletedPart {
  int number = 0;
  std::string etag{};      // without quotes
  std::string checksum{};  // base64; empty: not announced
};

struct CompleteRequest {
  std::string bucket{};
  std::string key{};
  UploadId upload{};
  std::vector<CompletedPart> parts{};
  WriteCondition condition{};
  std::optional<std::uint64_t> object_size{};
  std::string checksum{};  // of the whole object, base64; empty: not announced
};

}  // namespace aloft::objects
