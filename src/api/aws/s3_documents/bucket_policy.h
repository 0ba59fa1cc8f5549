// What S3 demands of a bucket's policy beyond the grammar of policies, and whether a policy is public.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
#pragma once

#include <memory>
#include <string_view>

#include "foundation/base/result.h"
#include "platform/policy/policy.h"

namespace aloft::api::s3::documents {

inline constexpr std::size_t kMaxPolicyBytes = 20 * 1024;

struct BucketPolicy {
  std::shared_ptr<const policy::Policy> policy;
  // Some Allow is open to everybody, or to whoever meets no fixed condition.
  bool is_public = false;
};

// kMalformedPolicy says what is wrong, as S3 does: JSON, an action that is not S3's, a resource outside of `bucket`.
Result<BucketPolicy> ReadBucketPolicy(std::string_view document, std::string_view bucket);

}  // namespace aloft::api::s3::documents
