// Stores and reads objects on behalf of a role: what services do for their users, such as captured predictions.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "platform/identity/service.h"
#include "services/objects/service.h"
#include "services/staging/probe.h"

namespace aloft::staging {

class RoleStore {
 public:
  RoleStore(const identity::Service& identity, objects::Service& objects) : identity_(identity), objects_(objects) {}

  // The object's bytes. Blocks for the disk. kInputDenied where the role may not s3:GetObject, kNoObjects where there
  // is none, kInputTooLarge beyond `most` bytes.
  Result<std::string> Get(const AccountId& account, const std::string& role_arn, std::string_view uri,
                          std::size_t most) const;
  // Blocks for the disk. kInputDenied where the role may not s3:PutObject; the store's own reasons.
  Status Put(const AccountId& account, const std::string& role_arn, std::string_view uri, std::string_view content_type,
             std::string_view body) const;

 private:
  const identity::Service& identity_;
  objects::Service& objects_;
};

}  // namespace aloft::staging
