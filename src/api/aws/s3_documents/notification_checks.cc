// The rules that a notification configuration must keep beyond its schema.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
#include <algorithm>
#include <string>

#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schema.h"
#include "foundation/base/bytes.h"
#include "foundation/crypto/hash.h"

namespace aloft::api::s3::documents {
namespace {

using codec::XmlElement;

constexpr std::string_view kEvents[] = {"s3:ReducedRedundancyLostObject",
                                        "s3:ObjectCreated:*",
                                        "s3:ObjectCreated:Put",
                                        "s3:ObjectCreated:Post",
                                        "s3:ObjectCreated:Copy",
                                        "s3:ObjectCreated:CompleteMultipartUpload",
                                        "s3:ObjectRemoved:*",
                                        "s3:ObjectRemoved:Delete",
                                        "s3:ObjectRemoved:DeleteMarkerCreated",
                                        "s3:ObjectRestore:*",
                                        "s3:ObjectRestore:Post",
                                        "s3:ObjectRestore:Completed",
                                        "s3:ObjectRestore:Delete",
                                        "s3:Replication:*",
                                        "s3:Replication:OperationFailedReplication",
                                        "s3:Replication:OperationNotTracked",
                                        "s3:Replication:OperationMissedThreshold",
                                        "s3:Replication:OperationReplicatedAfterThreshold",
                                        "s3:LifecycleExpiration:*",
                                        "s3:LifecycleExpiration:Delete",
                                        "s3:LifecycleExpiration:DeleteMarkerCreated",
                                        "s3:LifecycleTransition",
                                        "s3:IntelligentTiering",
                                        "s3:ObjectTagging:*",
                                        "s3:ObjectTagging:Put",
                                        "s3:ObjectTagging:Delete",
                                        "s3:ObjectAcl:Put"};

struct Target {
  std::vector<std::string> events;
  std::string prefix;
  std::string suffix;
};

// "s3:ObjectCreated:*" and "s3:ObjectCreated:Put" share events.
bool EventsMeet(std::string_view a, std::string_view b) {
  if (a.ends_with('*')) std::swap(a, b);
  return b.ends_with('*') ? a.starts_with(b.substr(0, b.size() - 1)) : a == b;
}

bool Overlap(const Target& a, const Target& b) {
  bool prefixes = a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
  bool suffixes = a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix);
  if (!prefixes || !suffixes) return false;
  for (const auto& one : a.events)
    for (const auto& other : b.events)
      if (EventsMeet(one, other)) return true;
  return false;
}

Status ReadFilter(const XmlElement& configuration, Target& target) {
  const XmlElement* filter = configuration.Child("Filter");
  const XmlElement* key = filter == nullptr ? nullptr : filter->Child("S3Key");
  if (key == nullptr) return {};
  bool has_prefix = false;
  bool has_suffix = false;
  for (const auto& rule : key->children) {
    std::string name = ToLower(rule.ChildText("Name"));
    std::string_view value = rule.ChildText("Value");
    if (name != "prefix" && name != "suffix")
      return Fail(kInvalidValue, "filter rule name must be either prefix or suffix");
    bool& seen = name == "prefix" ? has_prefix : has_suffix;
    if (seen) return Fail(kInvalidValue, "Cannot specify more than one " + name + " rule in a filter.");
    seen = true;
    if (value.size() > 1024) return Fail(kInvalidValue, "Size of filter rule value cannot exceed 1024 bytes in UTF-8");
    (name == "prefix" ? target.prefix : target.suffix) = value;
  }
  return {};
}

Status CheckArn(const XmlElement& configuration, std::string_view field, std::string_view service) {
  std::string_view arn = configuration.ChildText(field);
  auto parts = Split(arn, ':');
  if (parts.size() < 6 || parts[0] != "arn" || parts[2] != service || parts[5].empty())
    return Fail(kInvalidValue, "The ARN is not well formed");
  return {};
}

}  // namespace

Status CheckNotification(XmlElement& root) {
  std::vector<Target> targets;
  for (std::size_t i = 0; i < root.children.size(); ++i) {
    XmlElement& configuration = root.children[i];
    if (configuration.name == "EventBridgeConfiguration") continue;
    if (configuration.name == "TopicConfiguration") ALOFT_TRY(CheckArn(configuration, "Topic", "sns"));
    if (configuration.name == "QueueConfiguration") ALOFT_TRY(CheckArn(configuration, "Queue", "sqs"));
    if (configuration.name == "CloudFunctionConfiguration")
      ALOFT_TRY(CheckArn(configuration, "CloudFunction", "lambda"));
    Target target;
    for (const auto& field : configuration.children) {
      if (field.name != "Event") continue;
      if (std::find(std::begin(kEvents), std::end(kEvents), field.text) == std::end(kEvents))
        return Fail(kInvalidValue, "The event '" + field.text + "' is not supported for notifications");
      target.events.push_back(field.text);
    }
    ALOFT_TRY(ReadFilter(configuration, target));
    for (const auto& other : targets)
      if (Overlap(target, other))
        return Fail(kInvalidValue,
                    "Configurations overlap. Configurations on the same bucket cannot share a common event type.");
    targets.push_back(std::move(target));
    if (configuration.ChildText("Id").empty()) {
      std::string id = crypto::Sha256Hex(WriteXml(configuration) + std::to_string(i)).substr(0, 32);
      if (XmlElement* empty = FindChild(configuration, "Id"))
        empty->text = std::move(id);
      else
        configuration.children.insert(configuration.children.begin(), MakeElement("Id", std::move(id)));
    }
  }
  return {};
}

}  // namespace aloft::api::s3::documents
