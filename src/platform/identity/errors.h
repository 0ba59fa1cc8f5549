// Why identity refused. The names are IAM's and STS's own codes where those have one.
#pragma once

#include "foundation/base/error.h"
#include "platform/policy/errors.h"

namespace aloft::identity {

// Of credentials and sessions.
inline constexpr Reason kUnknownAccessKey{ErrorKind::kDenied, "UnknownAccessKey"};
inline constexpr Reason kInvalidToken{ErrorKind::kDenied, "InvalidToken"};
inline constexpr Reason kExpiredToken{ErrorKind::kDenied, "ExpiredToken"};
inline constexpr Reason kAccessDenied{ErrorKind::kDenied, "AccessDenied"};

// Of the directory.
inline constexpr Reason kNoSuchEntity{ErrorKind::kNotFound, "NoSuchEntity"};
inline constexpr Reason kEntityAlreadyExists{ErrorKind::kAlreadyExists, "EntityAlreadyExists"};
inline constexpr Reason kDeleteConflict{ErrorKind::kConflict, "DeleteConflict"};
inline constexpr Reason kLimitExceeded{ErrorKind::kExhausted, "LimitExceeded"};
inline constexpr Reason kInvalidInput{ErrorKind::kInvalid, "InvalidInput"};
using policy::kMalformedPolicyDocument;
inline constexpr Reason kPolicyNotAttachable{ErrorKind::kInvalid, "PolicyNotAttachable"};
inline constexpr Reason kUnmodifiableEntity{ErrorKind::kInvalid, "UnmodifiableEntity"};
inline constexpr Reason kPackedPolicyTooLarge{ErrorKind::kInvalid, "PackedPolicyTooLarge"};
inline constexpr Reason kValidation{ErrorKind::kInvalid, "ValidationError"};

// Of a role that a service is to act as. The services word their own message around it.
inline constexpr Reason kRoleNotFound{ErrorKind::kInvalid, "RoleNotFound"};
inline constexpr Reason kRoleNotAssumable{ErrorKind::kInvalid, "RoleNotAssumable"};

inline constexpr Reason kReasons[] = {
    kUnknownAccessKey,    kInvalidToken,       kExpiredToken,         kAccessDenied, kNoSuchEntity,
    kEntityAlreadyExists, kDeleteConflict,     kLimitExceeded,        kInvalidInput, kMalformedPolicyDocument,
    kPolicyNotAttachable, kUnmodifiableEntity, kPackedPolicyTooLarge, kValidation,   kRoleNotFound,
    kRoleNotAssumable};

}  // namespace aloft::identity
