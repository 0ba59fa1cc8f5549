// Finding managed policies by ARN, and how they look in an answer. Private to the room.
#pragma once

#include "generated/shapes/iam/policies.h"
#include "platform/directory/common.h"

namespace aloft::directory {

// A policy of the account. kNoSuchEntity; an AWS managed one is kAccessDenied-like kNoSuchEntity for writers.
Result<Entity> RequirePolicy(sql::Reader& reader, const AccountId& account, const std::string& arn);
// The number of "v3"; absent where the text is not a version.
std::optional<std::int64_t> ParseVersion(std::string_view text);
std::string VersionText(std::int64_t version);

Result<shapes::iam::Policy> ShowPolicy(sql::Reader& reader, const Entity& policy);
Result<shapes::iam::Policy> ShowAwsPolicy(sql::Reader& reader, const AccountId& account,
                                          const identity::AwsManagedPolicy& policy);
// How many users and roles have the policy as their boundary.
Result<std::int64_t> CountBoundaries(sql::Reader& reader, const AccountId& account, std::string_view arn);

}  // namespace aloft::directory
