#include "api/aws/s3_documents/schemas.h"

namespace aloft::api::s3::documents {
namespace {

using enum XmlKind;
using Words = std::string_view[];

constexpr XmlRule Text(std::string_view name, std::size_t least = 0, std::size_t most = 1) {
  return {name, kText, least, most};
}
constexpr XmlRule Number(std::string_view name, std::size_t least = 0) {
  return {name, kNumber, least, 1};
}
constexpr XmlRule Flag(std::string_view name) {
  return {name, kBoolean};
}
constexpr XmlRule Choice(std::string_view name, std::span<const std::string_view> choices, std::size_t least = 0,
                         std::size_t most = 1) {
  return {name, kChoice, least, most, {}, choices};
}
constexpr XmlRule Group(std::string_view name, std::span<const XmlRule> fields, std::size_t least = 0,
                        std::size_t most = 1) {
  return {name, kGroup, least, most, fields};
}

constexpr Words kOnOff = {"Enabled", "Disabled"};
constexpr Words kEnabled = {"Enabled"};

constexpr XmlRule kCorsRule[] = {Text("ID"),
                                 Text("AllowedHeader", 0, kMany),
                                 Text("AllowedMethod", 1, kMany),
                                 Text("AllowedOrigin", 1, kMany),
                                 Text("ExposeHeader", 0, kMany),
                                 Number("MaxAgeSeconds")};
constexpr XmlRule kCors[] = {Group("CORSRule", kCorsRule, 1, 100)};

constexpr XmlRule kTag[] = {Text("Key", 1), Text("Value", 1)};
constexpr XmlRule kTagSet[] = {Group("Tag", kTag, 0, kMany)};
constexpr XmlRule kTagging[] = {Group("TagSet", kTagSet, 1)};

constexpr Words kAlgorithms = {"AES256", "aws:kms", "aws:kms:dsse"};
constexpr XmlRule kByDefault[] = {Choice("SSEAlgorithm", kAlgorithms, 1), Text("KMSMasterKeyID")};
constexpr XmlRule kEncryptionRule[] = {Group("ApplyServerSideEncryptionByDefault", kByDefault),
                                       Flag("BucketKeyEnabled")};
constexpr XmlRule kEncryption[] = {Group("Rule", kEncryptionRule, 1)};

constexpr Words kTransitionClasses = {"GLACIER",      "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
                                      "DEEP_ARCHIVE", "GLACIER_IR"};
constexpr XmlRule kAnd[] = {Text("Prefix"), Group("Tag", kTag, 0, kMany), Number("ObjectSizeGreaterThan"),
                            Number("ObjectSizeLessThan")};
constexpr XmlRule kFilter[] = {Text("Prefix"), Group("Tag", kTag), Number("ObjectSizeGreaterThan"),
                               Number("ObjectSizeLessThan"), Group("And", kAnd)};
constexpr XmlRule kTransition[] = {Number("Days"), {"Date", kTime}, Choice("StorageClass", kTransitionClasses, 1)};
constexpr XmlRule kExpiration[] = {Number("Days"), {"Date", kTime}, Flag("ExpiredObjectDeleteMarker")};
constexpr XmlRule kOldTransition[] = {Number("NoncurrentDays", 1), Choice("StorageClass", kTransitionClasses, 1),
                                      Number("NewerNoncurrentVersions")};
constexpr XmlRule kOldExpiration[] = {Number("NoncurrentDays", 1), Number("NewerNoncurrentVersions")};
constexpr XmlRule kAbort[] = {Number("DaysAfterInitiation", 1)};
constexpr XmlRule kLifecycleRule[] = {Text("ID"),
                                      Text("Prefix"),
                                      Group("Filter", kFilter),
                                      Choice("Status", kOnOff, 1),
                                      Group("Transition", kTransition, 0, kMany),
                                      Group("Expiration", kExpiration),
                                      Group("NoncurrentVersionTransition", kOldTransition, 0, kMany),
                                      Group("NoncurrentVersionExpiration", kOldExpiration),
                                      Group("AbortIncompleteMultipartUpload", kAbort)};
constexpr XmlRule kLifecycle[] = {Group("Rule", kLifecycleRule, 1, 1000)};

constexpr XmlRule kFilterRule[] = {Text("Name", 1), Text("Value", 1)};
constexpr XmlRule kS3Key[] = {Group("FilterRule", kFilterRule, 0, kMany)};
constexpr XmlRule kEventFilter[] = {Group("S3Key", kS3Key)};
constexpr XmlRule kTopic[] = {Text("Id"), Text("Topic", 1), Text("Event", 1, kMany), Group("Filter", kEventFilter)};
constexpr XmlRule kQueue[] = {Text("Id"), Text("Queue", 1), Text("Event", 1, kMany), Group("Filter", kEventFilter)};
constexpr XmlRule kFunction[] = {Text("Id"), Text("CloudFunction", 1), Text("Event", 1, kMany),
                                 Group("Filter", kEventFilter)};
constexpr XmlRule kNotification[] = {
    Group("TopicConfiguration", kTopic, 0, 100), Group("QueueConfiguration", kQueue, 0, 100),
    Group("CloudFunctionConfiguration", kFunction, 0, 100), Group("EventBridgeConfiguration", {})};

constexpr Words kFormats = {"CSV", "ORC", "Parquet"};
constexpr Words kIncluded = {"All", "Current"};
constexpr Words kFrequencies = {"Daily", "Weekly"};
constexpr Words kInventoryFields = {"Size",
                                    "LastModifiedDate",
                                    "StorageClass",
                                    "ETag",
                                    "IsMultipartUploaded",
                                    "ReplicationStatus",
                                    "EncryptionStatus",
                                    "ObjectLockRetainUntilDate",
                                    "ObjectLockMode",
                                    "ObjectLockLegalHoldStatus",
                                    "ObjectLockEventHoldStatus",
                                    "ObjectLockEventHoldDuration",
                                    "IntelligentTieringAccessTier",
                                    "BucketKeyStatus",
                                    "ChecksumAlgorithm",
                                    "ObjectAccessControlList",
                                    "ObjectOwner",
                                    "LifecycleExpirationDate",
                                    "IntelligentTieringReferenceDate"};
constexpr XmlRule kInventoryKey[] = {Text("KeyId", 1)};
constexpr XmlRule kInventoryEncryption[] = {Group("SSE-S3", {}), Group("SSE-KMS", kInventoryKey)};
constexpr XmlRule kInventoryBucket[] = {Text("AccountId"), Text("Bucket", 1), Choice("Format", kFormats, 1),
                                        Text("Prefix"), Group("Encryption", kInventoryEncryption)};
constexpr XmlRule kInventoryTarget[] = {Group("S3BucketDestination", kInventoryBucket, 1)};
constexpr XmlRule kInventoryFilter[] = {Text("Prefix", 1)};
constexpr XmlRule kInventoryOptional[] = {Choice("Field", kInventoryFields, 0, kMany)};
constexpr XmlRule kInventorySchedule[] = {Choice("Frequency", kFrequencies, 1)};
constexpr XmlRule kInventory[] = {Group("Destination", kInventoryTarget, 1),
                                  {"IsEnabled", kBoolean, 1},
                                  Group("Filter", kInventoryFilter),
                                  Text("Id", 1),
                                  Choice("IncludedObjectVersions", kIncluded, 1),
                                  Group("OptionalFields", kInventoryOptional),
                                  Group("Schedule", kInventorySchedule, 1)};

constexpr Words kOwnerships = {"BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"};
constexpr XmlRule kOwnershipRule[] = {Choice("ObjectOwnership", kOwnerships, 1)};
constexpr XmlRule kOwnership[] = {Group("Rule", kOwnershipRule, 1)};

constexpr XmlRule kPublicAccess[] = {Flag("BlockPublicAcls"), Flag("IgnorePublicAcls"), Flag("BlockPublicPolicy"),
                                     Flag("RestrictPublicBuckets")};

constexpr XmlRule kGrantee[] = {Text("ID"), Text("DisplayName"), Text("EmailAddress"), Text("URI"), Text("Type")};
constexpr Words kPermissions = {"FULL_CONTROL", "WRITE", "WRITE_ACP", "READ", "READ_ACP"};
constexpr XmlRule kGrant[] = {{"Grantee", kGroup, 1, 1, kGrantee, {}, true}, Choice("Permission", kPermissions, 1)};
constexpr XmlRule kGrants[] = {Group("Grant", kGrant, 0, 100)};
constexpr XmlRule kOwner[] = {Text("ID"), Text("DisplayName")};
constexpr XmlRule kAcl[] = {Group("Owner", kOwner), Group("AccessControlList", kGrants, 1)};

constexpr XmlRule kLogTarget[] = {Text("TargetBucket", 1), Text("TargetPrefix", 1), Group("TargetGrants", kGrants)};
constexpr XmlRule kLogging[] = {Group("LoggingEnabled", kLogTarget)};

constexpr Words kPayers = {"BucketOwner", "Requester"};
constexpr XmlRule kPayment[] = {Choice("Payer", kPayers, 1)};

constexpr Words kVersioningStates = {"Enabled", "Suspended"};
constexpr XmlRule kVersioning[] = {Choice("Status", kVersioningStates), Choice("MfaDelete", kOnOff)};

constexpr Words kLockModes = {"GOVERNANCE", "COMPLIANCE"};
constexpr XmlRule kDefaultRetention[] = {Choice("Mode", kLockModes, 1), Number("Days"), Number("Years")};
constexpr XmlRule kLockRule[] = {Group("DefaultRetention", kDefaultRetention, 1)};
constexpr XmlRule kObjectLock[] = {Choice("ObjectLockEnabled", kEnabled), Group("Rule", kLockRule)};
constexpr XmlRule kRetention[] = {Choice("Mode", kLockModes), {"RetainUntilDate", kTime}};
constexpr Words kHoldStates = {"ON", "OFF"};
constexpr XmlRule kLegalHold[] = {Choice("Status", kHoldStates, 1)};

constexpr Words kTiers = {"Standard", "Bulk", "Expedited"};
constexpr XmlRule kJob[] = {Choice("Tier", kTiers, 1)};
constexpr XmlRule kRestore[] = {Number("Days"), Group("GlacierJobParameters", kJob), Choice("Tier", kTiers)};

}  // namespace

constinit const XmlRule kCorsSchema = Group("CORSConfiguration", kCors);
constinit const XmlRule kTaggingSchema = Group("Tagging", kTagging);
constinit const XmlRule kEncryptionSchema = Group("ServerSideEncryptionConfiguration", kEncryption);
constinit const XmlRule kLifecycleSchema = Group("LifecycleConfiguration", kLifecycle);
constinit const XmlRule kNotificationSchema = Group("NotificationConfiguration", kNotification);
constinit const XmlRule kOwnershipSchema = Group("OwnershipControls", kOwnership);
constinit const XmlRule kPublicAccessBlockSchema = Group("PublicAccessBlockConfiguration", kPublicAccess);
constinit const XmlRule kInventorySchema = Group("InventoryConfiguration", kInventory);
constinit const XmlRule kLoggingSchema = Group("BucketLoggingStatus", kLogging);
constinit const XmlRule kRequestPaymentSchema = Group("RequestPaymentConfiguration", kPayment);
constinit const XmlRule kVersioningSchema = Group("VersioningConfiguration", kVersioning);
constinit const XmlRule kObjectLockSchema = Group("ObjectLockConfiguration", kObjectLock);
constinit const XmlRule kRetentionSchema = Group("Retention", kRetention);
constinit const XmlRule kLegalHoldSchema = Group("LegalHold", kLegalHold);
constinit const XmlRule kRestoreSchema = Group("RestoreRequest", kRestore);
constinit const XmlRule kAclSchema = Group("AccessControlPolicy", kAcl);

}  // namespace aloft::api::s3::documents
