// The vocabulary of the object store: buckets, objects, versions, checksums. Listings, uploads, locks and encryption
// have their own headers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "services/objects/contract/encryption_types.h"
#include "services/objects/contract/lock_types.h"

namespace aloft::objects {

using UploadId = Id<struct UploadIdTag>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Limits {
  std::uint64_t inline_bytes = 64 * 1024;         // up to here the body lies beside the index
  std::uint64_t min_compress_bytes = 128 * 1024;  // less is not worth compressing in any storage class
  std::uint64_t max_put_bytes = 5ull << 30;
  std::uint64_t max_object_bytes = 5ull << 40;
  std::uint64_t min_part_bytes = 5ull << 20;  // of every part but the last
  int max_parts = 10'000;
  std::size_t max_key_bytes = 1024;
  std::size_t max_metadata_bytes = 2048;
  std::size_t max_tags = 10;
  std::size_t max_buckets = 10'000;  // of one account
};

// Once enabled it can only be suspended: objects put then are the key's one "null" version.
enum class Versioning : std::uint8_t { kNever, kEnabled, kSuspended };

struct Bucket {
  std::string name{};
  AccountId account{};
  Region region{};
  Time created{};
  Versioning versioning = Versioning::kNever;
  LockConfiguration lock{};
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
  std::string acl{};  // an access control list as the API writes it; empty: the owner alone
};

// A part of an uploaded-in-parts object.
struct Part {
  int number = 0;
  std::uint64_t size = 0;
  std::string etag{};  // hexadecimal, without quotes
  Checksum checksum{};
  Time modified{};
};

// A copy in reach of an object whose class is not readable at once.
struct Restore {
  bool ongoing = false;
  Time expires{};  // of the copy; zero: none
};

// One version of a key: an object, or a delete marker, which has no bytes.
struct ObjectInfo {
  std::string key{};
  std::string version_id{};  // empty in a bucket that never had versioning; "null" for the version without an id
  bool is_latest = true;
  bool is_delete_marker = false;
  std::uint64_t size = 0;
  std::string etag{};  // without quotes: hexadecimal MD5, or "<hex>-<parts>"
  Time modified{};
  Attributes attributes{};
  Checksum checksum{};
  std::vector<Part> parts{};  // empty where the object was put as a whole
  Lock lock{};
  Encryption encryption{};
  Restore restore{};
};

// What must hold of the current object for a write to happen.
struct WriteCondition {
  std::string if_match{};      // an ETag without quotes, or "*"; empty: no condition
  bool if_none_match = false;  // no object may be there
  // Of a deletion only: x-amz-if-match-size and x-amz-if-match-last-modified-time (whole seconds).
  std::optional<std::uint64_t> if_size{};
  std::optional<Time> if_modified{};
};

struct PutRequest {
  std::string bucket{};
  std::string key{};
  Attributes attributes{};
  ChecksumAlgorithm checksum = ChecksumAlgorithm::kCrc64Nvme;
  WriteCondition condition{};
  std::uint64_t expected_bytes = 0;  // a hint; 0: unknown
  Lock lock{};                       // of the new version; without a mode the bucket's default retention counts
  EncryptionRequest encryption{};
};

// What the caller announced about the bytes; checked before anything becomes visible.
struct ExpectedDigests {
  std::string md5{};       // raw bytes; empty: not announced
  std::string checksum{};  // base64, of the request's algorithm; empty: not announced
};

// Sees an object before its bytes are opened or shared and may refuse.
using ObjectCheck = std::function<Status(const ObjectInfo&)>;

struct ReadOptions {
  std::string version{};       // empty: the latest
  std::string customer_key{};  // 32 bytes, of an object whose writer brought its key; see encryption_types.h
  ObjectCheck allow{};
};

struct DeleteRequest {
  std::string bucket{};
  std::string key{};
  // Empty: the latest is hidden behind a delete marker, or removed where the bucket has no versioning.
  std::string version{};
  WriteCondition condition{};
  bool bypass_governance = false;
  bool by_lifecycle = false;  // says what the event is called
};

struct Deleted {
  std::string version_id{};    // of the marker that was made, or of the version that was removed; as in ObjectInfo
  bool delete_marker = false;  // a marker was made or removed
};

struct CopyRequest {
  std::string source_bucket{};
  std::string source_key{};
  std::string source_version{};       // empty: the latest
  std::string source_customer_key{};  // as in ReadOptions
  AccountId source_account{};         // whose the source is; empty: the target's account
  PutRequest target{};                // attributes count where replace_attributes
  bool replace_attributes = false;    // all but the tags
  bool replace_tags = false;
  bool keep_checksum = true;  // the source's algorithm, unless the target names one
};

}  // namespace aloft::objects
