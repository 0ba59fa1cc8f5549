// The rules that a lifecycle configuration must keep beyond its schema.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
#include <algorithm>
#include <set>
#include <string>

#include "api/aws/s3_documents/checks.h"
#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schema.h"
#include "foundation/codec/time.h"
#include "foundation/crypto/hash.h"

namespace aloft::api::s3::documents {
namespace {

using codec::XmlElement;

constexpr std::uint64_t kColdDays = 30;  // what an infrequently read class is kept warm at least

Error Invalid(std::string message) {
  return Fail(kInvalidValue, std::move(message));
}

// Days or Date, not both; a date at midnight, days above zero.
Status CheckWhen(const XmlElement& action, const std::string& name, bool zero_days) {
  const XmlElement* days = action.Child("Days");
  const XmlElement* date = action.Child("Date");
  if (days != nullptr && date != nullptr) return MalformedXml();
  if (days != nullptr) {
    auto count = XmlNumber(action, "Days");
    if (count == 0 && !zero_days) return Invalid("'Days' for " + name + " action must be a positive integer");
    if (count > 2147483647u) return Invalid("'Days' for " + name + " action must be an integer up to 2147483647");
  }
  if (date != nullptr) {
    auto time = codec::ParseIso8601(Trim(date->text));
    if (!time || std::chrono::floor<std::chrono::days>(*time) != *time)
      return Invalid("'Date' must be at midnight GMT");
  }
  return {};
}

Status CheckFilter(const XmlElement& rule, bool& has_tags) {
  const XmlElement* filter = rule.Child("Filter");
  if ((filter != nullptr) == (rule.Child("Prefix") != nullptr)) return MalformedXml();
  if (filter == nullptr) return {};
  if (filter->children.size() > 1) return MalformedXml();
  const XmlElement* scope = filter;
  if (const XmlElement* both = filter->Child("And")) {
    if (both->children.size() < 2) return MalformedXml();
    scope = both;
  }
  std::set<std::string> keys;
  for (const auto& child : scope->children) {
    if (child.name != "Tag") continue;
    has_tags = true;
    if (!keys.insert(std::string(child.ChildText("Key"))).second)
      return Fail(kInvalidRequest, "Duplicate Tag Keys are not allowed.");
  }
  if (scope->Child("ObjectSizeGreaterThan") != nullptr && scope->Child("ObjectSizeLessThan") != nullptr &&
      XmlNumber(*scope, "ObjectSizeGreaterThan") >= XmlNumber(*scope, "ObjectSizeLessThan"))
    return Fail(kInvalidRequest, "Filter element can only specify ObjectSizeGreaterThan below ObjectSizeLessThan");
  return {};
}

Status CheckTransitions(const XmlElement& rule) {
  const XmlElement* expiration = rule.Child("Expiration");
  std::set<std::string_view> classes;
  for (const auto& action : rule.children) {
    bool current = action.name == "Transition";
    if (!current && action.name != "NoncurrentVersionTransition") continue;
    std::string_view storage_class = action.ChildText("StorageClass");
    std::string_view days_name = current ? "Days" : "NoncurrentDays";
    if (current) {
      ALOFT_TRY(CheckWhen(action, "Transition", true));
      if (action.children.size() < 2) return MalformedXml();
      if (!classes.insert(storage_class).second)
        return Fail(kInvalidRequest, "'StorageClass' must be different for 'Transition' actions in same 'Rule'");
    }
    bool has_days = action.Child(days_name) != nullptr;
    auto days = XmlNumber(action, days_name);
    if (has_days && (storage_class == "STANDARD_IA" || storage_class == "ONEZONE_IA") && days < kColdDays)
      return Invalid("'" + std::string(days_name) + "' in " + action.name +
                     " action must be greater than or equal to 30 for storageClass '" + std::string(storage_class) +
                     "'");
    if (current && has_days && expiration != nullptr && expiration->Child("Days") != nullptr &&
        XmlNumber(*expiration, "Days") <= days)
      return Invalid("'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action");
  }
  return {};
}

Status CheckExpirations(const XmlElement& rule, bool has_tags) {
  if (const XmlElement* expiration = rule.Child("Expiration")) {
    if (expiration->children.size() != 1) return MalformedXml();
    ALOFT_TRY(CheckWhen(*expiration, "Expiration", false));
    if (expiration->Child("ExpiredObjectDeleteMarker") != nullptr && has_tags)
      return Fail(kInvalidRequest, "ExpiredObjectDeleteMarker cannot be specified with Tags.");
  }
  if (const XmlElement* old = rule.Child("NoncurrentVersionExpiration")) {
    if (XmlNumber(*old, "NoncurrentDays") == 0)
      return Invalid("'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer");
    if (old->Child("NewerNoncurrentVersions") != nullptr &&
        (XmlNumber(*old, "NewerNoncurrentVersions") == 0 || XmlNumber(*old, "NewerNoncurrentVersions") > 100))
      return Invalid("'NewerNoncurrentVersions' must be between 1 and 100");
  }
  if (const XmlElement* abort = rule.Child("AbortIncompleteMultipartUpload")) {
    if (has_tags) return Fail(kInvalidRequest, "AbortIncompleteMultipartUpload cannot be specified with Tags.");
    if (XmlNumber(*abort, "DaysAfterInitiation") == 0)
      return Invalid("'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer");
  }
  return {};
}

}  // namespace

Status CheckLifecycle(XmlElement& root) {
  static constexpr std::string_view kActions[] = {"Transition", "Expiration", "NoncurrentVersionTransition",
                                                  "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"};
  std::set<std::string> ids;
  for (std::size_t i = 0; i < root.children.size(); ++i) {
    XmlElement& rule = root.children[i];
    bool has_tags = false;
    ALOFT_TRY(CheckFilter(rule, has_tags));
    if (!std::any_of(std::begin(kActions), std::end(kActions), [&](auto name) { return rule.Child(name) != nullptr; }))
      return Fail(kInvalidRequest, "At least one action needs to be specified in a rule");
    ALOFT_TRY(CheckTransitions(rule));
    ALOFT_TRY(CheckExpirations(rule, has_tags));
    std::string id(rule.ChildText("ID"));
    if (id.size() > 255) return Invalid("ID length should not exceed allowed limit of 255");
    if (id.empty()) {
      // S3 names what its owner did not; the same rule gets the same name.
      id = crypto::Sha256Hex(WriteXml(rule) + std::to_string(i)).substr(0, 32);
      if (XmlElement* empty = FindChild(rule, "ID"))
        empty->text = id;
      else
        rule.children.insert(rule.children.begin(), MakeElement("ID", id));
    }
    if (!ids.insert(id).second) return Invalid("Rule ID must be unique. Found same ID for more than one rule");
  }
  return {};
}

}  // namespace aloft::api::s3::documents
