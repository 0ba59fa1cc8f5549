// Names of log groups and streams in policies and requests.
#pragma once

#include <optional>
#include <string>

#include "api/common/operation.h"
#include "foundation/base/result.h"

namespace aloft::api::logs {

// "arn:aws:logs:<region>:<account>:log-group:<group>", without the ":*" that some answers add.
std::string GroupArn(const Call& call, const std::string& group);
// What policies match: "...:log-group:<group>:log-stream:<stream>", the stream empty where an operation is the group's.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
std::string ResourceArn(const Call& call, const std::string& group, const std::string& stream = "");

// A request names a group by name, or by identifier, which is a name or an ARN of the caller's own account and region.
// Empty where it names none that we can serve.
std::string GroupName(const Call& call, const std::optional<std::string>& name,
                      const std::optional<std::string>& identifier = std::nullopt);

}  // namespace aloft::api::logs
