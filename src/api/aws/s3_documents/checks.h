// What the schemas cannot say of a configuration, in S3's words. Each takes a tree that its schema has passed, and may
// complete it: ids that the caller left to S3.
#pragma once

#include <string_view>

#include "foundation/base/result.h"
#include "foundation/codec/xml.h"

namespace aloft::api::s3::documents {

// kInvalidRequest, kInvalidValue.
Status CheckCors(codec::XmlElement& root);
// kInvalidTagging. At most `most` tags.
Status CheckTagging(codec::XmlElement& root, std::size_t most);
Status CheckBucketTagging(codec::XmlElement& root);
// kInvalidValue.
Status CheckEncryption(codec::XmlElement& root);
// kInvalidRequest, kInvalidValue, kMalformedXml.
Status CheckLifecycle(codec::XmlElement& root);
// kInvalidValue, kNotImplemented.
Status CheckInventory(codec::XmlElement& root);
// 1 to 64 of letters, digits and -_.
bool IsInventoryId(std::string_view id);
// kInvalidValue.
Status CheckNotification(codec::XmlElement& root);

}  // namespace aloft::api::s3::documents
