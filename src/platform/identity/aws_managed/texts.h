// The texts, by what they are about. Private to the room: aws_managed.h joins them.
#pragma once

#include "platform/identity/aws_managed/aws_managed.h"

namespace aloft::identity::internal {

std::span<const AwsManagedPolicy> AccountPolicies();
std::span<const AwsManagedPolicy> StorageAndLogPolicies();
std::span<const AwsManagedPolicy> MachineLearningPolicies();
std::span<const AwsManagedPolicy> OtherServicePolicies();
std::span<const AwsManagedPolicy> ServiceRolePolicies();

}  // namespace aloft::identity::internal
