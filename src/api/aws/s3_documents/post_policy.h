// The policy of a POST form: what a browser may upload with a signature that somebody else made.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::api::s3::documents {

// The fields of a form before its file; names in lower case, in the order they came.
using FormFields = std::vector<std::pair<std::string, std::string>>;
const std::string* FindField(const FormFields& fields, std::string_view name);

struct PostCondition {
  bool starts_with = false;
  std::string field;  // lower case, without '$'
  std::string value;
};

struct PostPolicy {
  Time expires{};
  std::vector<PostCondition> conditions;
  std::uint64_t least_bytes = 0;
  std::uint64_t most_bytes = UINT64_MAX;
};

// kInvalidForm.
Result<PostPolicy> ReadPostPolicy(std::string_view json);

// Whether the form keeps the policy: not expired, every condition holds, every field has a condition. kFormDenied.
Status CheckPostPolicy(const PostPolicy& policy, const FormFields& fields, Time now);
// kFormTooLarge, kFormTooSmall.
Status CheckPostLength(const PostPolicy& policy, std::uint64_t bytes);

}  // namespace aloft::api::s3::documents
