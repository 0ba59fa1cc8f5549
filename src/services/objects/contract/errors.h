// Why the object store refuses. Each API maps these to its own wire names.
#pragma once

#include "foundation/base/error.h"

namespace aloft::objects {

inline constexpr Reason kNoSuchBucket{ErrorKind::kNotFound, "NoSuchBucket"};
inline constexpr Reason kBucketTaken{ErrorKind::kAlreadyExists, "BucketTaken"};  // by another account
inline constexpr Reason kBucketOwned{ErrorKind::kAlreadyExists, "BucketOwned"};  // by the caller
inline constexpr Reason kBucketNotEmpty{ErrorKind::kConflict, "BucketNotEmpty"};
inline constexpr Reason kForeignBucket{ErrorKind::kDenied, "ForeignBucket"};  // exists, belongs to another account
inline constexpr Reason kInvalidBucketName{ErrorKind::kInvalid, "InvalidBucketName"};
inline constexpr Reason kTooManyBuckets{ErrorKind::kExhausted, "TooManyBuckets"};
inline constexpr Reason kNoSuchKey{ErrorKind::kNotFound, "NoSuchKey"};
inline constexpr Reason kInvalidKey{ErrorKind::kInvalid, "InvalidKey"};  // empty, or no UTF-8
inline constexpr Reason kKeyTooLong{ErrorKind::kInvalid, "KeyTooLong"};
inline constexpr Reason kMetadataTooLarge{ErrorKind::kTooLarge, "MetadataTooLarge"};
inline constexpr Reason kObjectTooLarge{ErrorKind::kTooLarge, "ObjectTooLarge"};
inline constexpr Reason kBadDigest{ErrorKind::kInvalid, "BadDigest"};  // what came is not what was announced
inline constexpr Reason kConditionFailed{ErrorKind::kPreconditionFailed, "ConditionFailed"};
inline constexpr Reason kConditionNoSuchKey{ErrorKind::kNotFound, "ConditionNoSuchKey"};  // If-Match on an absent key
inline constexpr Reason kNoSuchUpload{ErrorKind::kNotFound, "NoSuchUpload"};
inline constexpr Reason kInvalidPart{ErrorKind::kInvalid, "InvalidPart"};
inline constexpr Reason kInvalidPartOrder{ErrorKind::kInvalid, "InvalidPartOrder"};
inline constexpr Reason kPartTooSmall{ErrorKind::kInvalid, "PartTooSmall"};
inline constexpr Reason kInvalidPartNumber{ErrorKind::kInvalid, "InvalidPartNumber"};
inline constexpr Reason kInvalidCopyRange{ErrorKind::kInvalid, "InvalidCopyRange"};
inline constexpr Reason kInvalidToken{ErrorKind::kInvalid, "InvalidListToken"};  // of a listing
inline constexpr Reason kSizeMismatch{ErrorKind::kInvalid, "SizeMismatch"};      // of an assembled object
inline constexpr Reason kInvalidTag{ErrorKind::kInvalid, "InvalidTag"};
inline constexpr Reason kSettingTooLarge{ErrorKind::kTooLarge, "SettingTooLarge"};  // a bucket's configuration
inline constexpr Reason kBusy{ErrorKind::kConflict, "Busy"};  // the same key or bucket is contended

// The latest version is a delete marker: as good as absent.
inline constexpr Reason kDeleteMarker{ErrorKind::kNotFound, "DeleteMarker"};
// The version that was asked for is a delete marker, and has nothing to read or change.
inline constexpr Reason kDeleteMarkerVersion{ErrorKind::kInvalid, "DeleteMarkerVersion"};
inline constexpr Reason kNoSuchVersion{ErrorKind::kNotFound, "NoSuchVersion"};
inline constexpr Reason kInvalidVersion{ErrorKind::kInvalid, "InvalidVersion"};  // no version id
inline constexpr Reason kVersionLocked{ErrorKind::kDenied, "VersionLocked"};     // by retention or legal hold
inline constexpr Reason kNoLockConfiguration{ErrorKind::kInvalid, "NoLockConfiguration"};
inline constexpr Reason kLockNeedsVersioning{ErrorKind::kConflict, "LockNeedsVersioning"};
inline constexpr Reason kInvalidRetention{ErrorKind::kInvalid, "InvalidRetention"};
inline constexpr Reason kCustomerKeyMissing{ErrorKind::kInvalid, "CustomerKeyMissing"};  // its writer brought one
inline constexpr Reason kCustomerKeyWrong{ErrorKind::kDenied, "CustomerKeyWrong"};
inline constexpr Reason kCustomerKeyUnwanted{ErrorKind::kInvalid, "CustomerKeyUnwanted"};
inline constexpr Reason kChecksumMismatch{ErrorKind::kInvalid, "ChecksumTypeMismatch"};  // of a part with its upload
inline constexpr Reason kArchived{ErrorKind::kDenied, "Archived"};  // its class wants RestoreObject first
inline constexpr Reason kRestoreOngoing{ErrorKind::kConflict, "RestoreOngoing"};
inline constexpr Reason kNotArchived{ErrorKind::kDenied, "NotArchived"};  // nothing to restore

inline constexpr Reason kReasons[] = {
    kNoSuchBucket,   kBucketTaken,       kBucketOwned,        kBucketNotEmpty, kForeignBucket,    kInvalidBucketName,
    kTooManyBuckets, kNoSuchKey,         kInvalidKey,         kKeyTooLong,     kMetadataTooLarge, kObjectTooLarge,
    kBadDigest,      kConditionFailed,   kConditionNoSuchKey, kNoSuchUpload,   kInvalidPart,      kInvalidPartOrder,
    kPartTooSmall,   kInvalidPartNumber, kInvalidCopyRange,   kInvalidToken,   kSizeMismatch,     kInvalidTag,
    kBusy,           kSettingTooLarge};

}  // namespace aloft::objects
