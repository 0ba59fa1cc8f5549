// What listings ask for and answer: objects, versions, uploads, buckets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/objects/contract/types.h"
#include "services/objects/contract/upload_types.h"

namespace aloft::objects {

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

struct ListVersionsRequest {
  std::string bucket{};
  std::string prefix{};
  std::string delimiter{};
  std::string key_marker{};         // keys above this one, or, with a version, versions older than that one
  std::string version_id_marker{};  // kInvalidArgument without a key
  std::size_t max_keys = 1000;      // versions, delete markers and common prefixes together
  bool whole = false;               // attributes, locks, encryption and parts too, at the price of reading them
};

struct ListVersionsPage {
  // Keys ascending, of one key the newest first; delete markers among them. Unless `whole` without attributes but the
  // storage class, and without parts. `version_id` is never empty.
  std::vector<ObjectInfo> versions{};
  std::vector<std::string> common_prefixes{};
  bool truncated = false;
  std::string next_key_marker{};  // of a truncated page: the last key or common prefix, and its version
  std::string next_version_id_marker{};
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

struct BucketsPage {
  std::vector<Bucket> buckets{};
  std::string next_after{};  // the last name of a truncated page
};

}  // namespace aloft::objects
