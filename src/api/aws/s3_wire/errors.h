// What reasons are called on the wire of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
#pragma once

#include <span>
#include <string_view>

#include "api/aws/s3_documents/errors.h"
#include "foundation/base/error.h"

namespace aloft::api::s3 {

// Of documents and requests alike.
using documents::kInvalidRequest;
using documents::kMalformedXml;
using documents::kNotImplemented;

// Causes that only this API knows. Their names are the wire codes.
inline constexpr Reason kInvalidUri{ErrorKind::kInvalid, "InvalidURI"};
inline constexpr Reason kInvalidDigest{ErrorKind::kInvalid, "InvalidDigest"};
inline constexpr Reason kInvalidRange{ErrorKind::kOutOfRange, "InvalidRange"};
inline constexpr Reason kInvalidStorageClass{ErrorKind::kInvalid, "InvalidStorageClass"};
inline constexpr Reason kIncompleteBody{ErrorKind::kInvalid, "IncompleteBody"};
inline constexpr Reason kMissingContentLength{ErrorKind::kInvalid, "MissingContentLength"};
inline constexpr Reason kMethodNotAllowed{ErrorKind::kInvalid, "MethodNotAllowed"};
inline constexpr Reason kAclNotSupported{ErrorKind::kInvalid, "AccessControlListNotSupported"};
inline constexpr Reason kAccessDenied{ErrorKind::kDenied, "S3AccessDenied"};
inline constexpr Reason kPreconditionFailed{ErrorKind::kPreconditionFailed, "PreconditionFailed"};
inline constexpr Reason kInvalidPartRange{ErrorKind::kOutOfRange, "PartOutOfRange"};
inline constexpr Reason kInvalidLocation{ErrorKind::kInvalid, "InvalidLocationConstraint"};
inline constexpr Reason kBadRequest{ErrorKind::kInvalid, "BadRequest"};
inline constexpr Reason kCorsForbidden{ErrorKind::kDenied, "AccessForbidden"};  // a preflight's answer
inline constexpr Reason kMissingBody{ErrorKind::kInvalid, "MissingRequestBodyError"};
inline constexpr Reason kMissingSecurityHeader{ErrorKind::kInvalid, "MissingSecurityHeader"};
inline constexpr Reason kUnexpectedContent{ErrorKind::kInvalid, "UnexpectedContent"};
inline constexpr Reason kInvalidAclWithOwnership{ErrorKind::kInvalid, "InvalidBucketAclWithObjectOwnership"};
inline constexpr Reason kTooManyConfigurations{ErrorKind::kInvalid, "TooManyConfigurations"};
inline constexpr Reason kMalformedForm{ErrorKind::kInvalid, "MalformedPOSTRequest"};
inline constexpr Reason kFormFieldsTooLarge{ErrorKind::kInvalid, "MaxPostPreDataLengthExceeded"};
inline constexpr Reason kIllegalVersioning{ErrorKind::kInvalid, "IllegalVersioningConfigurationException"};
inline constexpr Reason kInvalidRetentionPeriod{ErrorKind::kInvalid, "InvalidRetentionPeriod"};
inline constexpr Reason kInvalidEncryption{ErrorKind::kInvalid, "InvalidEncryptionAlgorithmError"};
inline constexpr Reason kWrongService{ErrorKind::kUnimplemented, "ServiceNotImplemented"};

// Reads of what nobody has configured.
inline constexpr Reason kNoBucketPolicy{ErrorKind::kNotFound, "NoSuchBucketPolicy"};
inline constexpr Reason kNoLifecycle{ErrorKind::kNotFound, "NoSuchLifecycleConfiguration"};
inline constexpr Reason kNoCors{ErrorKind::kNotFound, "NoSuchCORSConfiguration"};
inline constexpr Reason kNoTagSet{ErrorKind::kNotFound, "NoSuchTagSet"};
inline constexpr Reason kNoEncryption{ErrorKind::kNotFound, "ServerSideEncryptionConfigurationNotFoundError"};
inline constexpr Reason kNoWebsite{ErrorKind::kNotFound, "NoSuchWebsiteConfiguration"};
inline constexpr Reason kNoMetadata{ErrorKind::kNotFound, "MetadataConfigurationNotFound"};
inline constexpr Reason kNoReplication{ErrorKind::kNotFound, "ReplicationConfigurationNotFoundError"};
inline constexpr Reason kNoObjectLock{ErrorKind::kNotFound, "ObjectLockConfigurationNotFoundError"};
inline constexpr Reason kNoObjectLockOfObject{ErrorKind::kNotFound, "NoSuchObjectLockConfiguration"};
inline constexpr Reason kNoConfiguration{ErrorKind::kNotFound, "NoSuchConfiguration"};
inline constexpr Reason kNoPublicAccessBlock{ErrorKind::kNotFound, "NoSuchPublicAccessBlockConfiguration"};
inline constexpr Reason kNoOwnershipControls{ErrorKind::kNotFound, "OwnershipControlsNotFoundError"};

struct ErrorName {
  Reason reason;
  std::string_view code;
  int status = 400;
};

// Every reason that can reach this API, with its wire form.
std::span<const ErrorName> ErrorTable();

struct WireError {
  std::string_view code;
  int status;
};
// By the table, else by the kind.
WireError NameError(const Error& error);

}  // namespace aloft::api::s3
