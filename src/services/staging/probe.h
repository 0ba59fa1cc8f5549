// Whether a job's role could read its input: asked before a job is made, so that a wrong address or a missing
// permission is the answer to the request and not a failed job.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "platform/identity/service.h"
#include "services/objects/service.h"

namespace aloft::staging {

inline constexpr Reason kBadS3Uri{ErrorKind::kInvalid, "BadS3Uri"};
inline constexpr Reason kNoObjects{ErrorKind::kInvalid, "NoObjects"};
inline constexpr Reason kInputDenied{ErrorKind::kInvalid, "InputDenied"};

inline constexpr Reason kInputTooLarge{ErrorKind::kTooLarge, "InputTooLarge"};

struct S3Uri {
  std::string bucket, key;  // key: an object's, or a prefix; may be empty
};
// "s3://bucket/key", also "https://s3...": only the former is taken.
Result<S3Uri> ParseS3Uri(std::string_view uri);

class InputProbe {
 public:
  InputProbe(const identity::Service& identity, objects::Service& objects) : identity_(identity), objects_(objects) {}

  // That at least one object lies under the prefix and the role may list and read it. Messages are AWS's where AWS has
  // one: 'No S3 objects found under S3 URL "s3://..." given in input data source. ...'.
  Status CheckPrefix(const AccountId& account, const std::string& role_arn, std::string_view uri) const;
  // That this object is there and the role may read it.
  Status CheckObject(const AccountId& account, const std::string& role_arn, std::string_view uri) const;

 private:
  const identity::Service& identity_;
  objects::Service& objects_;
};

}  // namespace aloft::staging
