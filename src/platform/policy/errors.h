// Why a policy document was refused.
#pragma once

#include "foundation/base/error.h"

namespace aloft::policy {

inline constexpr Reason kMalformedPolicyDocument{ErrorKind::kInvalid, "MalformedPolicyDocument"};

inline constexpr Reason kReasons[] = {kMalformedPolicyDocument};

}  // namespace aloft::policy
