// The vocabulary of the object store: buckets, objects, checksums, listings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"

namespace aloft::objects {

using UploadId = Id<struct UploadIdTag>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Limits {
  std::uint64_t inline_bytes = 64 * 1024;  // up to here the body lies beside the index
  std::uint64_t max_put_bytes = 5ull << 30;
  std::uint64_t max_object_bytes = 5ull << 40;
  std::uint64_t min_part_bytes = 5ull << 20;  // of every part but the last
  int max_parts = 10'000;
  std::size_t max_key_bytes = 1024;
  std::size_t max_metadata_bytes = 2048;
  std::size_t max_tags = 10;
  std::size_t max_buckets = 10'000;  // of one account
};

struct Bucket {
  std::string name{};
  AccountId account{};
  Region region{};
  Time created{};
};

enum class ChecksumAlgorithm : std::uint8_t { kNone, kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256 };
enum class ChecksumType : std::uint8_t { kFullObject, kComposite };

struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kNone;
  ChecksumType type = ChecksumType::kFullObject;
  std::string value{};  // base64; a composite one ends with "-<parts>"
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

// What the owner says about the bytes; kept and given back as it came. Empty: not said.
struct Attributes {
  std::string content_type{};
  std::string cache_control{};
  std::string content_disposition{};
  std::string content_encoding{};
  std::string content_language{};
  std::string expires{};
  std::string storage_class{};  // empty: STANDARD
  Pairs metadata{};             // names in lower case
  Pairs tags{};
};

// A part of an uploaded-in-parts object.
struct Part {
  int number = 0;
  std::uint64_t size = 0;
  std::string etag{};  // hexadecimal, without quotes
  Checksum checksum{};
  Time modified{};
};

struct ObjectInfo {
  std::string key{};
  std::uint64_t size = 0;
  std::string etag{};  // without quotes: hexadecimal MD5, or "<hex>-<parts>"
  Time modified{};
  Attributes attributes{};
  Checksum checksum{};
  std::vector<Part> parts{};  // empty where the object was put as a whole
};

// What must hold of the current object for a write to happen.
struct WriteCondition {
  std::string if_match{};      // an ETag without quotes, or "*"; empty: no condition
  bool if_none_match = false;  // no object may be there
};

struct PutRequest {
  std::string bucket{};
  std::string key{};
  Attributes attributes{};
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kCrc64Nvme;
  WriteCondition condition{};
  std::uint64_t expected_bytes = 0;  // a hint; 0: unknown
};

// What the caller announced about the bytes; checked before anything becomes visible.
struct ExpectedDigests {
  std::string md5{};       // raw bytes; empty: not announced
  std::string checksum{};  // base64, of the request's algorithm; empty: not announced
};

struct ListRequest {
  std::string bucket{};
  std::string prefix{};
  std::string delimiter{};
  std::string start_after{};         // keys above this one; a common prefix given here is passed over as a whole
  std::string continuation_token{};  // of the page before; wins over start_after
  std::size_t max_keys = 1000;       // objects and common prefixes together
};

struct ListPage {
  std::vector<ObjectInfo> objects{};  // without attributes and parts
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_token{};   // opaque; empty on the last page
  std::string next_marker{};  // the last key or common prefix of a truncated page
};

struct CopyRequest {
  std::string source_bucket{};
  std::string source_key{};
  PutRequest target{};              // attributes count where replace_attributes
  bool replace_attributes = false;  // all but the tags
  bool replace_tags = false;
  bool keep_checksum = true;  // the source's algorithm, unless the target names one
};

struct UploadInfo {
  std::string key{};
  UploadId id{};
  Time initiated{};
  std::string storage_class{};
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kNone;
  ChecksumType checksum_type = ChecksumType::kFullObject;
};

struct ListUploadsRequest {
  std::string bucket{};
  std::string prefix{};
  std::string delimiter{};
  std::string key_marker{};
  std::string upload_id_marker{};
  std::size_t max_uploads = 1000;
};

struct ListUploadsPage {
  std::vector<UploadInfo> uploads{};
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_key_marker{};
  std::string next_upload_id_marker{};
};

struct PartRequest {
  std::string bucket{};
  std::string key{};
  UploadId upload{};
  int number = 0;
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kNone;  // kNone: the upload's
  std::uint64_t expected_bytes = 0;
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

struct BucketsPage {
  std::vector<Bucket> buckets{};
  std::string next_after{};  // the last name of a truncated page
};

}  // namespace aloft::objects
