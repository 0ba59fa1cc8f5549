#include "api/aws/s3_documents/bucket_policy.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "api/aws/s3_documents/errors.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::api::s3::documents {
namespace {

using boost::json::value;

std::string_view View(const boost::json::string& text) {
  return {text.data(), text.size()};
}

// A text or a list of texts.
std::vector<std::string_view> Texts(const value* json) {
  std::vector<std::string_view> texts;
  if (json == nullptr) return texts;
  if (const auto* text = json->if_string()) texts.push_back(View(*text));
  if (const auto* list = json->if_array())
    for (const auto& item : *list)
      if (const auto* text = item.if_string()) texts.push_back(View(*text));
  return texts;
}

bool Open(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos || text.find("${") != std::string_view::npos;
}

bool NamesEverybody(const value* principal) {
  if (principal == nullptr) return false;
  for (std::string_view text : Texts(principal))
    if (text == "*") return true;
  const auto* object = principal->if_object();
  if (object == nullptr) return false;
  for (std::string_view text : Texts(object->if_contains("AWS")))
    if (text == "*") return true;
  return false;
}

// Ranges that hold a good part of the address space restrict nothing.
bool NarrowRange(std::string_view text) {
  auto slash = text.find('/');
  if (slash == std::string_view::npos) return !text.empty();
  int bits = 0;
  std::string_view count = text.substr(slash + 1);
  std::from_chars(count.data(), count.data() + count.size(), bits);
  return text.find(':') == std::string_view::npos ? bits >= 8 : bits >= 32;
}

// Keys that can pin a statement to somebody in particular.
constexpr std::string_view kFixingKeys[] = {"aws:sourcearn",
                                            "aws:sourcevpc",
                                            "aws:sourcevpce",
                                            "aws:sourceowner",
                                            "aws:sourceaccount",
                                            "aws:principalorgid",
                                            "aws:principalorgpaths",
                                            "aws:principalarn",
                                            "aws:principal",
                                            "aws:principalaccount",
                                            "aws:userid",
                                            "s3:dataaccesspointarn",
                                            "s3:dataaccesspointaccount",
                                            "s3:x-amz-server-side-encryption-aws-kms-key-id",
                                            "aws:sourceorgid",
                                            "aws:sourceorgpaths"};

bool Fixes(std::string_view op, std::string_view key, const value& values) {
  // ForAnyValue and ForAllValues and IfExists let requests without the key through, or are too weak to say.
  static constexpr std::string_view kEqual[] = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals",
                                                "ArnLike"};
  auto texts = Texts(&values);
  if (texts.empty()) return false;
  if (op == "IpAddress" && ToLower(key) == "aws:sourceip") return std::all_of(texts.begin(), texts.end(), NarrowRange);
  if (std::find(std::begin(kEqual), std::end(kEqual), op) == std::end(kEqual)) return false;
  if (std::find(std::begin(kFixingKeys), std::end(kFixingKeys), ToLower(key)) == std::end(kFixingKeys)) return false;
  return std::none_of(texts.begin(), texts.end(), Open);
}

bool HasFixingCondition(const boost::json::object& statement) {
  const value* block = statement.if_contains("Condition");
  if (block == nullptr || !block->is_object()) return false;
  for (const auto& op : block->get_object()) {
    if (!op.value().is_object()) continue;
    for (const auto& key : op.value().get_object())
      if (Fixes({op.key().data(), op.key().size()}, {key.key().data(), key.key().size()}, key.value())) return true;
  }
  return false;
}

bool IsPublic(const boost::json::object& statement) {
  const value* effect = statement.if_contains("Effect");
  if (effect == nullptr || Texts(effect) != std::vector<std::string_view>{"Allow"}) return false;
  bool everybody = NamesEverybody(statement.if_contains("Principal")) || statement.contains("NotPrincipal");
  return everybody && !HasFixingCondition(statement);
}

Status CheckStatement(const boost::json::object& statement, std::string_view bucket) {
  if (!statement.contains("Principal") && !statement.contains("NotPrincipal"))
    return Fail(kMalformedPolicy, "Missing required field Principal");
  for (const char* field : {"Action", "NotAction"})
    for (std::string_view action : Texts(statement.if_contains(field)))
      if (action != "*" && !ToLower(action).starts_with("s3:"))
        return Fail(kMalformedPolicy, "Policy has invalid action");
  std::string arn = "arn:aws:s3:::" + std::string(bucket);
  for (const char* field : {"Resource", "NotResource"})
    for (std::string_view resource : Texts(statement.if_contains(field))) {
      // A wildcard in the bucket's own name could mean others; a policy speaks of one bucket.
      bool inside = resource == arn || resource.starts_with(arn + "/");
      bool may_be =
          resource.starts_with("arn:aws:s3:::") && policy::MatchesWildcard(resource.substr(0, resource.find('/')), arn);
      if (!inside && !may_be && resource != "*") return Fail(kMalformedPolicy, "Policy has invalid resource");
    }
  return {};
}

}  // namespace

Result<BucketPolicy> ReadBucketPolicy(std::string_view document, std::string_view bucket) {
  if (document.size() > kMaxPolicyBytes)
    return Fail(kMalformedPolicy, "Normalized policy document exceeds the maximum allowed size of 20480 bytes");
  auto parsed = codec::ParseJson(document);
  if (!parsed.ok() || !parsed->is_object())
    return Fail(kMalformedPolicy, "Policies must be valid JSON and the first byte must be '{'");
  auto compiled = policy::Policy::Parse(document, policy::PolicyUse::kResource);
  if (!compiled.ok()) return Fail(kMalformedPolicy, compiled.error().message);
  BucketPolicy result{std::move(*compiled), false};
  const value* statements = parsed->get_object().if_contains("Statement");
  std::vector<const boost::json::object*> all;
  if (statements != nullptr && statements->is_object()) all.push_back(&statements->get_object());
  if (statements != nullptr && statements->is_array())
    for (const auto& item : statements->get_array())
      if (item.is_object()) all.push_back(&item.get_object());
  for (const auto* statement : all) {
    ALOFT_TRY(CheckStatement(*statement, bucket));
    result.is_public = result.is_public || IsPublic(*statement);
  }
  return result;
}

}  // namespace aloft::api::s3::documents
