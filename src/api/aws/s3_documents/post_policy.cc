#include "api/aws/s3_documents/post_policy.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>

#include "api/aws/s3_documents/errors.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::api::s3::documents {
namespace {

Error Invalid(const std::string& why) {
  return Fail(kInvalidForm, "Invalid Policy: " + why);
}

std::optional<std::string> Text(const boost::json::value& json) {
  if (const auto* text = json.if_string()) return std::string(text->data(), text->size());
  if (json.is_int64()) return std::to_string(json.get_int64());
  return std::nullopt;
}

std::optional<std::uint64_t> Bytes(const boost::json::value& json) {
  auto text = Text(json);
  std::uint64_t value = 0;
  if (!text || text->empty()) return std::nullopt;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

Status ReadList(const boost::json::array& list, PostPolicy& policy) {
  if (list.size() != 3) return Invalid("Invalid Condition: wrong number of arguments.");
  std::string op = ToLower(Text(list[0]).value_or(""));
  if (op == "content-length-range") {
    auto least = Bytes(list[1]);
    auto most = Bytes(list[2]);
    if (!least || !most || *least > *most) return Invalid("Invalid Condition: content-length-range.");
    policy.least_bytes = std::max(policy.least_bytes, *least);
    policy.most_bytes = std::min(policy.most_bytes, *most);
    return {};
  }
  auto field = Text(list[1]);
  auto value = Text(list[2]);
  if ((op != "eq" && op != "starts-with") || !field || !value || !field->starts_with('$'))
    return Invalid("Invalid Condition.");
  policy.conditions.push_back({op == "starts-with", ToLower(field->substr(1)), *value});
  return {};
}

Status ReadCondition(const boost::json::value& condition, PostPolicy& policy) {
  if (const auto* list = condition.if_array()) return ReadList(*list, policy);
  const auto* object = condition.if_object();
  if (object == nullptr || object->size() != 1) return Invalid("Invalid Simple-Condition.");
  const auto& pair = *object->begin();
  auto value = Text(pair.value());
  if (!value) return Invalid("Invalid Simple-Condition: value must be a string.");
  policy.conditions.push_back({false, ToLower({pair.key().data(), pair.key().size()}), *value});
  return {};
}

// Fields that carry the policy itself, or that S3 never reads.
bool NeedsNoCondition(std::string_view name) {
  static constexpr std::string_view kFree[] = {"policy", "file", "x-amz-signature", "awsaccesskeyid", "signature"};
  return std::find(std::begin(kFree), std::end(kFree), name) != std::end(kFree) || name.starts_with("x-ignore-");
}

bool Holds(const PostCondition& condition, const std::string* value) {
  if (value == nullptr) return condition.value.empty() && condition.starts_with;
  if (!condition.starts_with) return *value == condition.value;
  // A list of content types must begin so in every item.
  if (condition.field == "content-type" && value->find(',') != std::string::npos) {
    auto items = Split(*value, ',');
    return std::all_of(items.begin(), items.end(),
                       [&](std::string_view item) { return Trim(item).starts_with(condition.value); });
  }
  return value->starts_with(condition.value);
}

}  // namespace

const std::string* FindField(const FormFields& fields, std::string_view name) {
  for (const auto& [field, value] : fields)
    if (field == name) return &value;
  return nullptr;
}

Result<PostPolicy> ReadPostPolicy(std::string_view json) {
  auto parsed = codec::ParseJson(json, {.max_depth = 8, .max_bytes = 64 * 1024});
  if (!parsed.ok() || !parsed->is_object()) return Invalid("Invalid JSON.");
  const auto& object = parsed->get_object();
  const auto* expiration = object.if_contains("expiration");
  const auto* conditions = object.if_contains("conditions");
  if (expiration == nullptr || !expiration->is_string()) return Invalid("Policy missing expiration.");
  if (conditions == nullptr || !conditions->is_array()) return Invalid("Policy missing conditions.");
  PostPolicy policy;
  auto expires = codec::ParseIso8601(*Text(*expiration));
  if (!expires) return Invalid("Invalid 'expiration' value: '" + *Text(*expiration) + "'");
  policy.expires = *expires;
  for (const auto& condition : conditions->get_array()) ALOFT_TRY(ReadCondition(condition, policy));
  return policy;
}

Status CheckPostPolicy(const PostPolicy& policy, const FormFields& fields, Time now) {
  auto denied = [](const std::string& why) { return Fail(kFormDenied, "Invalid according to Policy: " + why); };
  if (now >= policy.expires) return denied("Policy expired.");
  for (const auto& condition : policy.conditions)
    if (!Holds(condition, FindField(fields, condition.field)))
      return denied("Policy Condition failed: [\"" + std::string(condition.starts_with ? "starts-with" : "eq") +
                    "\", \"$" + condition.field + "\", \"" + condition.value + "\"]");
  for (const auto& [name, value] : fields) {
    if (NeedsNoCondition(name) || name == "bucket") continue;
    bool named = std::any_of(policy.conditions.begin(), policy.conditions.end(),
                             [&](const PostCondition& condition) { return condition.field == name; });
    if (!named) return denied("Extra input fields: " + name);
  }
  return {};
}

Status CheckPostLength(const PostPolicy& policy, std::uint64_t bytes) {
  if (bytes > policy.most_bytes) return Fail(kFormTooLarge, "Your proposed upload exceeds the maximum allowed size");
  if (bytes < policy.least_bytes)
    return Fail(kFormTooSmall, "Your proposed upload is smaller than the minimum allowed size");
  return {};
}

}  // namespace aloft::api::s3::documents
