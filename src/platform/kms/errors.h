// Why the key service refused. The names are KMS's own error shapes.
#pragma once

#include "foundation/base/error.h"

namespace aloft::kms {

inline constexpr Reason kNotFound{ErrorKind::kNotFound, "KmsNotFound"};
inline constexpr Reason kDisabled{ErrorKind::kConflict, "KmsDisabled"};
inline constexpr Reason kInvalidState{ErrorKind::kConflict, "KmsInvalidState"};
inline constexpr Reason kInvalidKeyUsage{ErrorKind::kInvalid, "KmsInvalidKeyUsage"};
inline constexpr Reason kInvalidCiphertext{ErrorKind::kInvalid, "KmsInvalidCiphertext"};
inline constexpr Reason kIncorrectKey{ErrorKind::kInvalid, "KmsIncorrectKey"};
inline constexpr Reason kInvalidSignature{ErrorKind::kInvalid, "KmsInvalidSignature"};
inline constexpr Reason kInvalidMac{ErrorKind::kInvalid, "KmsInvalidMac"};
inline constexpr Reason kAlreadyExists{ErrorKind::kAlreadyExists, "KmsAlreadyExists"};
inline constexpr Reason kInvalidAliasName{ErrorKind::kInvalid, "KmsInvalidAliasName"};
inline constexpr Reason kInvalidArn{ErrorKind::kInvalid, "KmsInvalidArn"};
inline constexpr Reason kInvalidMarker{ErrorKind::kInvalid, "KmsInvalidMarker"};
inline constexpr Reason kInvalidGrantId{ErrorKind::kInvalid, "KmsInvalidGrantId"};
inline constexpr Reason kInvalidGrantToken{ErrorKind::kInvalid, "KmsInvalidGrantToken"};
inline constexpr Reason kMalformedPolicy{ErrorKind::kInvalid, "KmsMalformedPolicy"};
inline constexpr Reason kLimitExceeded{ErrorKind::kExhausted, "KmsLimitExceeded"};
inline constexpr Reason kTagInvalid{ErrorKind::kInvalid, "KmsTagInvalid"};
inline constexpr Reason kUnsupported{ErrorKind::kInvalid, "KmsUnsupported"};
inline constexpr Reason kReserved{ErrorKind::kDenied, "KmsReserved"};  // a name that is AWS's to give
inline constexpr Reason kValidation{ErrorKind::kInvalid, "KmsValidation"};
inline constexpr Reason kDryRun{ErrorKind::kPreconditionFailed, "KmsDryRun"};  // DryRun: it would have succeeded

inline constexpr Reason kReasons[] = {
    kNotFound,         kDisabled,          kInvalidState,    kInvalidKeyUsage,  kInvalidCiphertext, kIncorrectKey,
    kInvalidSignature, kInvalidMac,        kAlreadyExists,   kInvalidAliasName, kInvalidArn,        kInvalidMarker,
    kInvalidGrantId,   kInvalidGrantToken, kMalformedPolicy, kLimitExceeded,    kTagInvalid,        kUnsupported,
    kReserved,         kValidation,        kDryRun};

}  // namespace aloft::kms
