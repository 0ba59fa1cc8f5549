#include "api/aws/s3_documents/checks.h"

#include <algorithm>
#include <set>
#include <string>

#include "api/aws/s3_documents/errors.h"
#include "api/aws/s3_documents/schema.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/utf8.h"

namespace aloft::api::s3::documents {
namespace {

std::size_t Stars(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '*'));
}

Status CheckCorsRule(const codec::XmlElement& rule) {
  static constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
  for (const auto& field : rule.children) {
    if (field.name == "AllowedMethod" &&
        std::find(std::begin(kMethods), std::end(kMethods), field.text) == std::end(kMethods))
      return Fail(kInvalidRequest, "Found unsupported HTTP method in CORS config. Unsupported method is " + field.text);
    if (field.name == "AllowedOrigin" && Stars(field.text) > 1)
      return Fail(kInvalidRequest, "AllowedOrigin \"" + field.text + "\" can not have more than one wildcard.");
    if (field.name == "AllowedHeader" && Stars(field.text) > 1)
      return Fail(kInvalidRequest, "AllowedHeader \"" + field.text + "\" can not have more than one wildcard.");
    if (field.name == "ExposeHeader" && Stars(field.text) > 0)
      return Fail(kInvalidRequest, "ExposeHeader \"" + field.text +
                                       "\" contains wildcard. We currently do not support wildcard for ExposeHeader.");
    if (field.name == "ID" && field.text.size() > 255)
      return Fail(kInvalidValue, "ID length should not exceed allowed limit of 255");
  }
  return {};
}

}  // namespace

Status CheckCors(codec::XmlElement& root) {
  for (const auto& rule : root.children) ALOFT_TRY(CheckCorsRule(rule));
  return {};
}

Status CheckTagging(codec::XmlElement& root, std::size_t most) {
  std::set<std::string> keys;
  const codec::XmlElement* set = root.Child("TagSet");
  if (set->children.size() > most)
    return Fail(kInvalidTagging, "Tag count cannot be greater than " + std::to_string(most));
  for (const auto& tag : set->children) {
    std::string key(tag.ChildText("Key"));
    if (key.empty() || codec::CountCharacters(key) > 128)
      return Fail(kInvalidTagging, "The TagKey you have provided is invalid");
    if (codec::CountCharacters(tag.ChildText("Value")) > 256)
      return Fail(kInvalidTagging, "The TagValue you have provided is invalid");
    if (ToLower(key).starts_with("aws:"))
      return Fail(kInvalidTagging, "System tags cannot be added/updated by requester");
    if (!keys.insert(std::move(key)).second)
      return Fail(kInvalidTagging, "Cannot provide multiple Tags with the same key");
  }
  return {};
}

Status CheckBucketTagging(codec::XmlElement& root) {
  return CheckTagging(root, 50);
}

Status CheckEncryption(codec::XmlElement& root) {
  const codec::XmlElement* rule = root.Child("Rule");
  const codec::XmlElement* by_default = rule->Child("ApplyServerSideEncryptionByDefault");
  if (by_default == nullptr) return MalformedXml();
  bool kms = by_default->ChildText("SSEAlgorithm").starts_with("aws:kms");
  if (by_default->Child("KMSMasterKeyID") != nullptr && !kms)
    return Fail(kInvalidValue,
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse");
  return {};
}

}  // namespace aloft::api::s3::documents
