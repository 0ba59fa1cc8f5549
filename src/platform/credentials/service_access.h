// Which services an entity of IAM may use, and when it last did. Private to the room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/state.h"

namespace aloft::credentials {

struct ServiceAccess {
  std::string service{};      // "s3"
  std::string name{};         // "Amazon S3"
  std::int32_t entities = 0;  // how many of the entity's principals used it
  std::string entity{};       // the ARN of the one that did last
  std::string region{};
  Time when{};
};

// The services that some Allow of the entity's policies names, by namespace. For a group or a policy: over its members
// or holders. kNoSuchEntity.
Result<std::vector<ServiceAccess>> AccessOf(sql::Reader& reader, const AccountId& account, const std::string& arn);

std::string EncodeAccess(const std::vector<ServiceAccess>& access);
Result<std::vector<ServiceAccess>> DecodeAccess(std::string_view text);

}  // namespace aloft::credentials
