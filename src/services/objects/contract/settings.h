// What is configured on a bucket, as named documents that this room keeps and does not read: the policy, CORS rules,
// ... The API that writes a document knows its form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "services/objects/contract/types.h"

namespace aloft::objects {

inline constexpr std::size_t kMaxSettingBytes = 1u << 20;
inline constexpr std::size_t kMaxAclBytes = 64u << 10;  // of one object

// Where a bucket is, whoever asks, and as of when. `version` grows with every change of the bucket's settings and is
// never used again, not by another bucket of the same name either: what was compiled from the settings of one version
// holds as long as the version does.
struct BucketLocation {
  Bucket bucket{};
  std::uint64_t version = 0;
};

}  // namespace aloft::objects
