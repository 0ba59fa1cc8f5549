#include "api/aws/s3_wire/errors.h"

#include "foundation/blob/store.h"
#include "foundation/codec/errors.h"
#include "foundation/crypto/errors.h"
#include "foundation/http/errors.h"
#include "foundation/kv/store.h"
#include "platform/identity/errors.h"
#include "platform/kms/errors.h"
#include "services/objects/contract/errors.h"

namespace aloft::api::s3 {
namespace {

constexpr ErrorName kTable[] = {
    {objects::kNoSuchBucket, "NoSuchBucket", 404},
    {objects::kBucketTaken, "BucketAlreadyExists", 409},
    {objects::kBucketOwned, "BucketAlreadyOwnedByYou", 409},
    {objects::kBucketNotEmpty, "BucketNotEmpty", 409},
    {objects::kForeignBucket, "AccessDenied", 403},
    {objects::kInvalidBucketName, "InvalidBucketName", 400},
    {objects::kTooManyBuckets, "TooManyBuckets", 400},
    {objects::kNoSuchKey, "NoSuchKey", 404},
    {objects::kInvalidKey, "InvalidURI", 400},
    {objects::kKeyTooLong, "KeyTooLongError", 400},
    {objects::kMetadataTooLarge, "MetadataTooLarge", 400},
    {objects::kObjectTooLarge, "EntityTooLarge", 400},
    {objects::kBadDigest, "BadDigest", 400},
    {objects::kConditionFailed, "PreconditionFailed", 412},
    {objects::kConditionNoSuchKey, "NoSuchKey", 404},
    {objects::kNoSuchUpload, "NoSuchUpload", 404},
    {objects::kInvalidPart, "InvalidPart", 400},
    {objects::kInvalidPartOrder, "InvalidPartOrder", 400},
    {objects::kPartTooSmall, "EntityTooSmall", 400},
    {objects::kInvalidPartNumber, "InvalidArgument", 400},
    {objects::kInvalidCopyRange, "InvalidArgument", 400},
    {objects::kInvalidToken, "InvalidArgument", 400},
    {objects::kSizeMismatch, "InvalidRequest", 400},
    {objects::kInvalidTag, "InvalidTag", 400},
    {objects::kSettingTooLarge, "EntityTooLarge", 400},
    {objects::kBusy, "OperationAborted", 409},
    {objects::kDeleteMarker, "NoSuchKey", 404},
    {objects::kDeleteMarkerVersion, "MethodNotAllowed", 405},
    {objects::kNoSuchVersion, "NoSuchVersion", 404},
    {objects::kInvalidVersion, "InvalidArgument", 400},
    {objects::kVersionLocked, "AccessDenied", 403},
    {objects::kNoLockConfiguration, "InvalidRequest", 400},
    {objects::kLockNeedsVersioning, "InvalidBucketState", 409},
    {objects::kInvalidRetention, "InvalidArgument", 400},
    {objects::kCustomerKeyMissing, "InvalidRequest", 400},
    {objects::kCustomerKeyWrong, "AccessDenied", 403},
    {objects::kCustomerKeyUnwanted, "InvalidRequest", 400},
    {objects::kChecksumMismatch, "InvalidRequest", 400},
    {objects::kArchived, "InvalidObjectState", 403},
    {objects::kRestoreOngoing, "RestoreAlreadyInProgress", 409},
    {objects::kNotArchived, "InvalidObjectState", 403},

    {kMalformedXml, "MalformedXML", 400},
    {kInvalidRequest, "InvalidRequest", 400},
    {kInvalidUri, "InvalidURI", 400},
    {kInvalidDigest, "InvalidDigest", 400},
    {kInvalidRange, "InvalidRange", 416},
    {kInvalidStorageClass, "InvalidStorageClass", 400},
    {kIncompleteBody, "IncompleteBody", 400},
    {kMissingContentLength, "MissingContentLength", 411},
    {kMethodNotAllowed, "MethodNotAllowed", 405},
    {kNotImplemented, "NotImplemented", 501},
    {kAclNotSupported, "AccessControlListNotSupported", 400},
    {kAccessDenied, "AccessDenied", 403},
    {kPreconditionFailed, "PreconditionFailed", 412},
    {kInvalidPartRange, "InvalidPartNumber", 416},
    {kInvalidLocation, "InvalidLocationConstraint", 400},
    {kWrongService, "NotImplemented", 501},
    {kMalformedForm, "MalformedPOSTRequest", 400},
    {kFormFieldsTooLarge, "MaxPostPreDataLengthExceeded", 400},
    {kIllegalVersioning, "IllegalVersioningConfigurationException", 400},
    {kInvalidRetentionPeriod, "InvalidRetentionPeriod", 400},
    {kInvalidEncryption, "InvalidEncryptionAlgorithmError", 400},
    {kNoObjectLockOfObject, "NoSuchObjectLockConfiguration", 404},
    {kBadRequest, "BadRequest", 400},
    {kCorsForbidden, "AccessForbidden", 403},
    {kMissingBody, "MissingRequestBodyError", 400},
    {kMissingSecurityHeader, "MissingSecurityHeader", 400},
    {kUnexpectedContent, "UnexpectedContent", 400},
    {kInvalidAclWithOwnership, "InvalidBucketAclWithObjectOwnership", 400},
    {kNoConfiguration, "NoSuchConfiguration", 404},
    {kTooManyConfigurations, "TooManyConfigurations", 400},
    {documents::kInvalidValue, "InvalidArgument", 400},
    {documents::kMalformedPolicy, "MalformedPolicy", 400},
    {documents::kMalformedAcl, "MalformedACLError", 400},
    {documents::kUnresolvableGrant, "UnresolvableGrantByEmailAddress", 400},
    {documents::kInvalidTagging, "InvalidTag", 400},
    {documents::kInvalidForm, "InvalidPolicyDocument", 400},
    {documents::kFormDenied, "AccessDenied", 403},
    {documents::kFormTooLarge, "EntityTooLarge", 400},
    {documents::kFormTooSmall, "EntityTooSmall", 400},
    {kNoBucketPolicy, "NoSuchBucketPolicy", 404},
    {kNoLifecycle, "NoSuchLifecycleConfiguration", 404},
    {kNoCors, "NoSuchCORSConfiguration", 404},
    {kNoTagSet, "NoSuchTagSet", 404},
    {kNoEncryption, "ServerSideEncryptionConfigurationNotFoundError", 404},
    {kNoWebsite, "NoSuchWebsiteConfiguration", 404},
    {kNoMetadata, "MetadataConfigurationNotFound", 404},
    {kNoReplication, "ReplicationConfigurationNotFoundError", 404},
    {kNoObjectLock, "ObjectLockConfigurationNotFoundError", 404},
    {kNoPublicAccessBlock, "NoSuchPublicAccessBlockConfiguration", 404},
    {kNoOwnershipControls, "OwnershipControlsNotFoundError", 404},

    // The key's own errors, as S3 passes them on.
    {kms::kNotFound, "KMS.NotFoundException", 400},
    {kms::kInvalidArn, "KMS.NotFoundException", 400},
    {kms::kDisabled, "KMS.DisabledException", 400},
    {kms::kInvalidState, "KMS.KMSInvalidStateException", 400},
    {kms::kInvalidKeyUsage, "KMS.InvalidKeyUsageException", 400},
    {kms::kInvalidCiphertext, "KMS.InvalidCiphertextException", 400},
    {kms::kIncorrectKey, "KMS.IncorrectKeyException", 400},
    {kms::kReserved, "KMS.NotFoundException", 400},
    {kms::kValidation, "KMS.ValidationException", 400},

    {crypto::kNoSignature, "AccessDenied", 403},
    {crypto::kMalformedAuthorization, "AuthorizationHeaderMalformed", 400},
    {crypto::kUnsupportedSignature, "InvalidRequest", 400},
    {crypto::kSignatureMismatch, "SignatureDoesNotMatch", 403},
    {crypto::kRequestTimeTooSkewed, "RequestTimeTooSkewed", 403},
    {crypto::kPresignExpired, "AccessDenied", 403},
    {crypto::kHeadersNotSigned, "AccessDenied", 403},
    {crypto::kPayloadMismatch, "XAmzContentSHA256Mismatch", 400},
    {crypto::kMissingPayloadHash, "InvalidRequest", 400},
    {identity::kUnknownAccessKey, "InvalidAccessKeyId", 403},
    {identity::kInvalidToken, "InvalidToken", 400},
    {identity::kExpiredToken, "ExpiredToken", 400},
    {identity::kAccessDenied, "AccessDenied", 403},

    {http::kBodyTooLarge, "MaxMessageLengthExceeded", 400},
    {http::kMalformedBody, "IncompleteBody", 400},
    {http::kPeerClosed, "IncompleteBody", 400},
    {http::kPeerTooSlow, "RequestTimeout", 400},
    {codec::kMalformedXml, "MalformedXML", 400},
    {codec::kMalformedText, "InvalidArgument", 400},
    {codec::kInputTooLarge, "MalformedXML", 400},

    {kInvalidArgument, "InvalidArgument", 400},
    {kUnimplemented, "NotImplemented", 501},
    {kUnavailable, "SlowDown", 503},
    {kDeadlineExceeded, "RequestTimeout", 400},
    {kCancelled, "RequestTimeout", 400},
    {kDiskFull, "InsufficientStorage", 507},
    {kIoError, "InternalError", 500},
    {kCorrupt, "InternalError", 500},
    {kInternal, "InternalError", 500},
    {blob::kNoSuchBlob, "InternalError", 500},
    {kv::kVersionMismatch, "OperationAborted", 409},
    {kv::kStoreReadOnly, "ServiceUnavailable", 503},
};

WireError ByKind(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid: return {"InvalidRequest", 400};
    case ErrorKind::kUnauthenticated:
    case ErrorKind::kDenied: return {"AccessDenied", 403};
    case ErrorKind::kThrottled: return {"SlowDown", 503};
    case ErrorKind::kUnavailable: return {"ServiceUnavailable", 503};
    case ErrorKind::kUnimplemented: return {"NotImplemented", 501};
    default: return {"InternalError", 500};
  }
}

}  // namespace

std::span<const ErrorName> ErrorTable() {
  return kTable;
}

WireError NameError(const Error& error) {
  for (const auto& line : kTable)
    if (line.reason == error.reason) return {line.code, line.status};
  return ByKind(error.kind());
}

}  // namespace aloft::api::s3
