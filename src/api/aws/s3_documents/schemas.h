// The schemas of S3's documents:
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Types_Amazon_Simple_Storage_Service.html
#pragma once

#include "api/aws/s3_documents/schema.h"

namespace aloft::api::s3::documents {

extern const XmlRule kCorsSchema;
extern const XmlRule kTaggingSchema;
extern const XmlRule kEncryptionSchema;
extern const XmlRule kLifecycleSchema;
extern const XmlRule kNotificationSchema;
extern const XmlRule kOwnershipSchema;
extern const XmlRule kPublicAccessBlockSchema;
extern const XmlRule kInventorySchema;
extern const XmlRule kLoggingSchema;
extern const XmlRule kRequestPaymentSchema;
extern const XmlRule kVersioningSchema;
extern const XmlRule kObjectLockSchema;
extern const XmlRule kRetentionSchema;
extern const XmlRule kLegalHoldSchema;
extern const XmlRule kRestoreSchema;
extern const XmlRule kAclSchema;

}  // namespace aloft::api::s3::documents
