// What SageMaker's operations ask of policy: actions on ARNs, with the condition keys of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/common/operation.h"
#include "foundation/base/bytes.h"
#include "services/resources/arn.h"

namespace aloft::api::sagemaker {

inline std::string ArnOf(const Call& call, std::string_view kind, const std::optional<std::string>& name) {
  return resources::SageMakerArn(call.session.account, call.region, kind, name.value_or("*"));
}

// What an operation asks for on the one resource of a kind that its request names.
template <class In>
auto OnNamed(const char* action, const char* kind, std::optional<std::string> In::*name) {
  return [=](const Call& call, const In& in) -> std::vector<Permission> {
    return {{action, ArnOf(call, kind, in.*name), {}}};
  };
}

// What an operation asks for that names none.
template <class In>
auto OnAll(const char* action) {
  return [action](const Call&, const In&) -> std::vector<Permission> { return {{action, "*", {}}}; };
}

// iam:PassRole for a role that the service is to act as.
inline Permission PassRole(const std::string& role_arn) {
  return {"iam:PassRole", role_arn, {{"iam:passedtoservice", {"sagemaker.amazonaws.com"}}}};
}

// aws:RequestTag/<key> and aws:TagKeys.
template <class TagList>
identity::Context TagContext(const std::optional<TagList>& tags) {
  identity::Context context;
  if (!tags) return context;
  for (const auto& tag : *tags) {
    std::string key = tag.key.value_or("");
    context["aws:requesttag/" + ToLower(key)] = {tag.value.value_or("")};
    context["aws:tagkeys"].push_back(std::move(key));
  }
  return context;
}

// Making a resource with tags also needs sagemaker:AddTags on it.
template <class TagList>
void NeedTags(std::vector<Permission>& permissions, const std::string& arn, const std::optional<TagList>& tags) {
  if (tags && !tags->empty()) permissions.push_back({"sagemaker:AddTags", arn, TagContext(tags)});
}

}  // namespace aloft::api::sagemaker
