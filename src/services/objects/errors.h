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

inline constexpr Reason kReasons[] = {
    kNoSuchBucket,   kBucketTaken,       kBucketOwned,        kBucketNotEmpty, kForeignBucket,    kInvalidBucketName,
    kTooManyBuckets, kNoSuchKey,         kInvalidKey,         kKeyTooLong,     kMetadataTooLarge, kObjectTooLarge,
    kBadDigest,      kConditionFailed,   kConditionNoSuchKey, kNoSuchUpload,   kInvalidPart,      kInvalidPartOrder,
    kPartTooSmall,   kInvalidPartNumber, kInvalidCopyRange,   kInvalidToken,   kSizeMismatch,     kInvalidTag,
    kBusy,           kSettingTooLarge};

}  // namespace aloft::objects
