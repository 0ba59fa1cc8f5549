// The rest of AWS's managed policies. Private to the room: aws_managed.h joins them.
#pragma once

#include "platform/identity/aws_managed.h"

namespace aloft::identity {

std::span<const AwsManagedPolicy> MoreAwsManagedPolicies();

}  // namespace aloft::identity
