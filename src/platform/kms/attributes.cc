// The policy and the tags of a key.
#include "platform/kms/state.h"

namespace aloft::kms {
namespace {

// KMS keys have one policy, of this name.
Status CheckPolicyName(const std::optional<std::string>& name) {
  if (!name || *name == "default") return {};
  return Fail(kNotFound, "No such policy exists");
}

constexpr std::size_t kMaxTags = 50;

}  // namespace

Result<api::GetKeyPolicyResponse> Service::GetKeyPolicy(const Caller& caller,
                                                        const api::GetKeyPolicyRequest& in) const {
  ALOFT_TRY(CheckPolicyName(in.policy_name));
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_TRY(State::OwnedBy(caller, key));
  return api::GetKeyPolicyResponse{.policy = key.policy, .policy_name = "default"};
}

Status Service::PutKeyPolicy(const Caller& caller, const api::PutKeyPolicyRequest& in) {
  ALOFT_TRY(CheckPolicyName(in.policy_name));
  ALOFT_TRY(CheckPolicyText(in.policy.value_or("")));
  return state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    if (key.managed) return Fail(kUnsupported, key.Arn() + " is managed by a service; its policy cannot be changed.");
    key.policy = in.policy.value_or("");
    return {};
  });
}

Result<api::ListKeyPoliciesResponse> Service::ListKeyPolicies(const Caller& caller,
                                                              const api::ListKeyPoliciesRequest& in) const {
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_TRY(State::OwnedBy(caller, key));
  api::ListKeyPoliciesResponse out;
  out.policy_names = {"default"};
  out.truncated = false;
  return out;
}

Status Service::TagResource(const Caller& caller, const api::TagResourceRequest& in) {
  ALOFT_ASSIGN(const auto added, ReadTags(in.tags));
  return state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    for (const auto& [name, value] : added) key.tags[name] = value;
    if (key.tags.size() > kMaxTags) return Fail(kTagInvalid, "Too many tags");
    return {};
  });
}

Status Service::UntagResource(const Caller& caller, const api::UntagResourceRequest& in) {
  return state_->Change(caller, in.key_id, [&](sql::Transaction&, Key& key) -> Status {
    ALOFT_TRY(RequireNotPending(key));
    for (const std::string& name : in.tag_keys.value_or(std::vector<std::string>())) key.tags.erase(name);
    return {};
  });
}

Result<api::ListResourceTagsResponse> Service::ListResourceTags(const Caller& caller,
                                                                const api::ListResourceTagsRequest& in) const {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.limit, in.marker, 50));
  ALOFT_ASSIGN(const Key key, state_->database.Read([&](sql::Reader& reader) {
    return state_->Find(reader, caller, in.key_id.value_or(""), false);
  }));
  ALOFT_TRY(State::OwnedBy(caller, key));
  std::vector<api::Tag> tags;
  for (const auto& [name, value] : key.tags)
    if (paging.after.empty() || name > paging.after) tags.push_back({.tag_key = name, .tag_value = value});
  api::ListResourceTagsResponse out;
  CutPage(paging, tags, out, [](const api::Tag& tag) { return *tag.tag_key; });
  out.tags = std::move(tags);
  return out;
}

}  // namespace aloft::kms
