// Why Organizations refused. The names are the service's own, without "Exception".
#pragma once

#include "foundation/base/error.h"

namespace aloft::organizations {

inline constexpr Reason kNotInUse{ErrorKind::kNotFound, "AWSOrganizationsNotInUse"};
inline constexpr Reason kAlreadyIn{ErrorKind::kAlreadyExists, "AlreadyInOrganization"};
inline constexpr Reason kNotEmpty{ErrorKind::kConflict, "OrganizationNotEmpty"};
inline constexpr Reason kNotManagement{ErrorKind::kDenied, "NotManagementAccount"};
inline constexpr Reason kAccountNotFound{ErrorKind::kNotFound, "AccountNotFound"};
inline constexpr Reason kAccountClosed{ErrorKind::kConflict, "AccountAlreadyClosed"};
inline constexpr Reason kCreationNotFound{ErrorKind::kNotFound, "CreateAccountStatusNotFound"};
inline constexpr Reason kRootNotFound{ErrorKind::kNotFound, "RootNotFound"};
inline constexpr Reason kParentNotFound{ErrorKind::kNotFound, "ParentNotFound"};
inline constexpr Reason kChildNotFound{ErrorKind::kNotFound, "ChildNotFound"};
inline constexpr Reason kUnitNotFound{ErrorKind::kNotFound, "OrganizationalUnitNotFound"};
inline constexpr Reason kUnitNotEmpty{ErrorKind::kConflict, "OrganizationalUnitNotEmpty"};
inline constexpr Reason kDuplicateUnit{ErrorKind::kAlreadyExists, "DuplicateOrganizationalUnit"};
inline constexpr Reason kSourceNotFound{ErrorKind::kNotFound, "SourceParentNotFound"};
inline constexpr Reason kDestinationNotFound{ErrorKind::kNotFound, "DestinationParentNotFound"};
inline constexpr Reason kDuplicateAccount{ErrorKind::kAlreadyExists, "DuplicateAccount"};
inline constexpr Reason kTargetNotFound{ErrorKind::kNotFound, "TargetNotFound"};
inline constexpr Reason kPolicyNotFound{ErrorKind::kNotFound, "PolicyNotFound"};
inline constexpr Reason kDuplicatePolicy{ErrorKind::kAlreadyExists, "DuplicatePolicy"};
inline constexpr Reason kDuplicateAttachment{ErrorKind::kAlreadyExists, "DuplicatePolicyAttachment"};
inline constexpr Reason kNotAttached{ErrorKind::kNotFound, "PolicyNotAttached"};
inline constexpr Reason kPolicyInUse{ErrorKind::kConflict, "PolicyInUse"};
inline constexpr Reason kTypeEnabled{ErrorKind::kConflict, "PolicyTypeAlreadyEnabled"};
inline constexpr Reason kTypeNotEnabled{ErrorKind::kConflict, "PolicyTypeNotEnabled"};
inline constexpr Reason kMalformedPolicy{ErrorKind::kInvalid, "MalformedPolicyDocument"};
inline constexpr Reason kConstraint{ErrorKind::kExhausted, "ConstraintViolation"};
inline constexpr Reason kInvalidInput{ErrorKind::kInvalid, "InvalidInput"};

inline constexpr Reason kReasons[] = {
    kNotInUse,         kAlreadyIn,           kNotEmpty,        kNotManagement, kAccountNotFound, kAccountClosed,
    kCreationNotFound, kRootNotFound,        kParentNotFound,  kChildNotFound, kTargetNotFound,  kPolicyNotFound,
    kDuplicatePolicy,  kNotAttached,         kPolicyInUse,     kTypeEnabled,   kTypeNotEnabled,  kDuplicateAttachment,
    kMalformedPolicy,  kConstraint,          kInvalidInput,    kUnitNotFound,  kUnitNotEmpty,    kDuplicateUnit,
    kSourceNotFound,   kDestinationNotFound, kDuplicateAccount};

}  // namespace aloft::organizations
