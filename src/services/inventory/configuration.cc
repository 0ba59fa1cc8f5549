#include <algorithm>

#include "foundation/codec/xml.h"
#include "services/inventory/types.h"

namespace aloft::inventory {
namespace {

using codec::XmlElement;

constexpr std::string_view kBucketArn = "arn:aws:s3:::";
constexpr std::string_view kNames[] = {"Size",
                                       "LastModifiedDate",
                                       "ETag",
                                       "StorageClass",
                                       "IsMultipartUploaded",
                                       "ReplicationStatus",
                                       "EncryptionStatus",
                                       "ObjectLockRetainUntilDate",
                                       "ObjectLockMode",
                                       "ObjectLockLegalHoldStatus",
                                       "IntelligentTieringAccessTier",
                                       "BucketKeyStatus",
                                       "ChecksumAlgorithm",
                                       "ObjectOwner",
                                       "LifecycleExpirationDate"};

Error Broken(std::string_view what) {
  return Fail(kCorrupt, "An inventory configuration cannot be read", std::string(what));
}

Result<std::vector<Field>> ReadFields(const XmlElement& element) {
  std::vector<Field> fields;
  for (const auto& child : element.children) {
    auto found = std::find(std::begin(kNames), std::end(kNames), child.text);
    if (found == std::end(kNames)) return Broken(child.text);
    fields.push_back(static_cast<Field>(found - std::begin(kNames)));
  }
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  return fields;
}

Result<Destination> ReadDestination(const XmlElement& root) {
  const XmlElement* outer = root.Child("Destination");
  const XmlElement* inner = outer == nullptr ? nullptr : outer->Child("S3BucketDestination");
  if (inner == nullptr) return Broken("Destination");
  Destination destination;
  std::string_view arn = inner->ChildText("Bucket");
  if (!arn.starts_with(kBucketArn)) return Broken("Bucket");
  destination.bucket = arn.substr(kBucketArn.size());
  destination.account = AccountId(inner->ChildText("AccountId"));
  destination.prefix = inner->ChildText("Prefix");
  const XmlElement* encryption = inner->Child("Encryption");
  if (encryption == nullptr) return destination;
  if (encryption->Child("SSE-S3") != nullptr) destination.encryption.kind = objects::EncryptionKind::kSseS3;
  if (const XmlElement* kms = encryption->Child("SSE-KMS")) {
    destination.encryption.kind = objects::EncryptionKind::kSseKms;
    destination.encryption.kms_key = kms->ChildText("KeyId");
  }
  return destination;
}

}  // namespace

std::string_view ToString(Field field) {
  return kNames[static_cast<std::size_t>(field)];
}

Result<Configuration> ParseConfiguration(std::string_view document) {
  ALOFT_ASSIGN(XmlElement root, codec::ParseXml(document));
  Configuration configuration;
  configuration.id = root.ChildText("Id");
  configuration.enabled = root.ChildText("IsEnabled") == "true" || root.ChildText("IsEnabled") == "1";
  configuration.all_versions = root.ChildText("IncludedObjectVersions") == "All";
  if (const XmlElement* schedule = root.Child("Schedule"))
    configuration.weekly = schedule->ChildText("Frequency") == "Weekly";
  if (const XmlElement* filter = root.Child("Filter")) configuration.prefix = filter->ChildText("Prefix");
  if (const XmlElement* fields = root.Child("OptionalFields")) {
    ALOFT_ASSIGN(configuration.fields, ReadFields(*fields));
  }
  ALOFT_ASSIGN(configuration.destination, ReadDestination(root));
  return configuration;
}

Result<objects::EncryptionRequest> ParseDefaultEncryption(std::string_view document) {
  using Kind = objects::EncryptionKind;
  ALOFT_ASSIGN(XmlElement root, codec::ParseXml(document));
  const XmlElement* rule = root.Child("Rule");
  const XmlElement* by_default = rule == nullptr ? nullptr : rule->Child("ApplyServerSideEncryptionByDefault");
  objects::EncryptionRequest request;
  if (by_default == nullptr) return request;
  const std::string_view algorithm = by_default->ChildText("SSEAlgorithm");
  const bool known = algorithm == "AES256" || algorithm == "aws:kms" || algorithm == "aws:kms:dsse";
  if (!known) return Broken("SSEAlgorithm");
  request.kind = algorithm == "AES256" ? Kind::kSseS3 : algorithm == "aws:kms" ? Kind::kSseKms : Kind::kDsseKms;
  if (request.kind == Kind::kSseS3) return request;
  request.kms_key = by_default->ChildText("KMSMasterKeyID");
  const std::string_view bucket_key = rule->ChildText("BucketKeyEnabled");
  // Two layers of encryption have no bucket keys.
  request.bucket_key = request.kind == Kind::kSseKms && (bucket_key == "true" || bucket_key == "1");
  return request;
}

Time PeriodOf(const Configuration& configuration, Time now) {
  auto day = std::chrono::floor<std::chrono::days>(now);
  if (configuration.weekly) day -= std::chrono::weekday(day) - std::chrono::Sunday;
  return day;
}

bool IsDue(const Configuration& configuration, const std::optional<Time>& last, Time now) {
  return configuration.enabled && (!last || *last < PeriodOf(configuration, now));
}

}  // namespace aloft::inventory
