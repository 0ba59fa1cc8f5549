// POST /aloft/v1/ExplainAccess: would this principal be allowed to do this, and why? For `aloft iam why`.
#pragma once

#include <functional>
#include <vector>

#include "api/common/operation.h"
#include "platform/identity/service.h"

namespace aloft::api::admin {

// Request: {"Principal": ARN, name of a user, "role/NAME" or "anonymous", "Action": "s3:GetObject", "Resource": ARN,
// "Context": {"aws:SourceIp": "10.0.0.7"}}. What the request does not say of the network is taken from the request
// itself. Needs iam:SimulatePrincipalPolicy on the principal. `fronts` tells which service knows the resource, `keys`
// of KMS keys, whose policies are gates of their own; of sts:AssumeRole the role's trust is asked.
api::Row MakeExplainAccessRow(identity::Service& identity, std::function<std::vector<const api::Front*>()> fronts,
                              const api::FactSource& keys);

}  // namespace aloft::api::admin
