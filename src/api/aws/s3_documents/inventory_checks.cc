// The rules that an inventory configuration must keep beyond its schema, and what of it is not built.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/configure-inventory.html
#include <algorithm>
#include <string>

#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schema.h"
#include "foundation/base/bytes.h"

namespace aloft::api::s3::documents {
namespace {

constexpr std::string_view kBucketArn = "arn:aws:s3:::";
constexpr std::size_t kMostPrefix = 512;

// Fields that S3 has and this Aloft has nothing to say about.
constexpr std::string_view kUnbuilt[] = {"ObjectLockEventHoldStatus", "ObjectLockEventHoldDuration",
                                         "ObjectAccessControlList", "IntelligentTieringReferenceDate"};

Status CheckDestination(const codec::XmlElement& root) {
  const codec::XmlElement& destination = *root.Child("Destination")->Child("S3BucketDestination");
  std::string_view arn = destination.ChildText("Bucket");
  if (!arn.starts_with(kBucketArn) || arn.size() == kBucketArn.size() ||
      arn.substr(kBucketArn.size()).find_first_of("/:*?") != std::string_view::npos)
    return Fail(kInvalidValue, "The destination bucket must be the ARN of a bucket");
  std::string_view account = destination.ChildText("AccountId");
  if (!account.empty() && (account.size() != 12 || account.find_first_not_of("0123456789") != std::string_view::npos))
    return Fail(kInvalidValue, "The account id of the destination must have 12 digits");
  if (destination.ChildText("Prefix").size() > kMostPrefix)
    return Fail(kInvalidValue, "The prefix of the destination is too long");
  std::string_view format = destination.ChildText("Format");
  if (format != "CSV")
    return Fail(kNotImplemented, "Inventories as " + std::string(format) + " are not built in this Aloft.");
  const codec::XmlElement* encryption = destination.Child("Encryption");
  if (encryption != nullptr && encryption->children.size() > 1) return MalformedXml();
  return {};
}

}  // namespace

bool IsInventoryId(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

Status CheckInventory(codec::XmlElement& root) {
  if (!IsInventoryId(root.ChildText("Id")))
    return Fail(kInvalidValue, "The id of an inventory configuration is not valid");
  ALOFT_TRY(CheckDestination(root));
  const codec::XmlElement* fields = root.Child("OptionalFields");
  if (fields == nullptr) return {};
  for (const auto& field : fields->children)
    if (std::find(std::begin(kUnbuilt), std::end(kUnbuilt), field.text) != std::end(kUnbuilt))
      return Fail(kNotImplemented, "The inventory field " + field.text + " is not built in this Aloft.");
  return {};
}

}  // namespace aloft::api::s3::documents
