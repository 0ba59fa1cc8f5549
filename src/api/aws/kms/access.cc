// The key policy is a gate: nothing opens a key but its policy, or a grant. Both enter the decision here.
#include <mutex>
#include <unordered_map>

#include "api/aws/kms/api.h"
#include "platform/policy/policy.h"

namespace aloft::api {
namespace {

constexpr std::size_t kMaxPolicies = 10'000;

// Parsed policies by their text: a changed policy is another text, so nothing here can be stale.
class PolicyCache {
 public:
  Result<std::shared_ptr<const identity::Policy>> Get(const std::string& text) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = by_text_.find(text); found != by_text_.end()) return found->second;
    }
    ALOFT_ASSIGN(auto policy, identity::Policy::Parse(text, policy::PolicyUse::kResource));
    const std::lock_guard lock(mutex_);
    if (by_text_.size() >= kMaxPolicies) by_text_.clear();
    by_text_.emplace(text, policy);
    return policy;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const identity::Policy>> by_text_;
};

const std::vector<std::string>& Values(const identity::Context& context, const std::string& key) {
  static const std::vector<std::string> none;
  const auto found = context.find(key);
  return found == context.end() ? none : found->second;
}

// Whether the request's encryption context has each of `wanted`, names and values exactly.
bool HasAll(const identity::Context& context, const kms::EncryptionContext& wanted) {
  const auto& names = Values(context, "kms:encryptioncontextkeys");
  for (const auto& [name, value] : wanted) {
    if (std::find(names.begin(), names.end(), name) == names.end()) return false;
    const auto& values = Values(context, "kms:encryptioncontext:" + ToLower(name));
    // Two names that differ only in case share the key: then nothing is certain.
    if (values.size() != 1 || values.front() != value) return false;
  }
  return true;
}

// Constraints hold for operations that take an encryption context; DescribeKey and the like take none.
bool Constrained(std::string_view operation) {
  return operation != "DescribeKey" && operation != "RetireGrant" && operation != "CreateGrant" &&
         operation != "GetPublicKey";
}

bool Fits(const kms::Grant& grant, std::string_view operation, const identity::Context& context) {
  if (!Constrained(operation)) return true;
  if (grant.context_subset && !HasAll(context, *grant.context_subset)) return false;
  if (!grant.context_equals) return true;
  return HasAll(context, *grant.context_equals) &&
         Values(context, "kms:encryptioncontextkeys").size() == grant.context_equals->size();
}

class Access final : public KmsAccess {
 public:
  explicit Access(const kms::Service& kms) : kms_(kms) {}

  Result<std::string> KeyArn(const AccountId& account, const Region& region, std::string_view named,
                             std::string_view service) const override {
    const std::string own = "alias/aws/" + std::string(service);
    ALOFT_ASSIGN(const kms::Key key, kms_.Find({account, region}, named.empty() ? std::string_view(own) : named));
    return key.Arn();
  }

  // kms::kNotFound where there is no such key.
  Result<identity::ResourceFacts> FactsOf(const Permission& permission,
                                          const identity::Session& caller) const override {
    const auto parts = Split(permission.resource, ':');
    kms::Caller place{caller.account, Region(parts.size() > 3 ? parts[3] : "")};
    ALOFT_ASSIGN(const kms::Key key, kms_.Find(place, permission.resource));
    identity::ResourceFacts facts;
    facts.owner = key.account;
    facts.gate = true;
    ALOFT_ASSIGN(facts.policy, policies_.Get(key.policy));
    facts.context["kms:keyspec"] = {key.spec};
    facts.context["kms:keyusage"] = {key.usage};
    facts.context["kms:keyorigin"] = {"AWS_KMS"};
    facts.context["kms:multiregion"] = {"false"};
    for (const auto& [name, value] : key.tags) facts.context["aws:resourcetag/" + ToLower(name)] = {value};
    ALOFT_ASSIGN(auto aliases, kms_.AliasesOf(key));
    if (!aliases.empty()) facts.context["kms:resourcealiases"] = std::move(aliases);
    ALOFT_TRY(AddGrants(permission, caller, key, facts));
    return facts;
  }

 private:
  Status AddGrants(const Permission& permission, const identity::Session& caller, const kms::Key& key,
                   identity::ResourceFacts& facts) const {
    if (!permission.action.starts_with("kms:")) return {};
    const std::string_view operation = std::string_view(permission.action).substr(4);
    // The retiring principal may end the grant it was named in, whatever else it may not.
    if (const auto& retiring = Values(permission.context, "kms:aloft:retiringprincipal"); !retiring.empty()) {
      facts.granted = retiring.front() == caller.arn || retiring.front() == caller.role_arn;
      facts.granted_by = "the retiring principal of the grant";
      if (facts.granted) return {};
    }
    ALOFT_ASSIGN(const auto grants, kms_.GrantsFor(key.id, operation, {caller.arn, caller.role_arn}));
    for (const kms::Grant& grant : grants) {
      if (!Fits(grant, operation, permission.context)) continue;
      facts.granted = true;
      facts.granted_by = "grant " + grant.id;
      break;
    }
    return {};
  }

  const kms::Service& kms_;
  mutable PolicyCache policies_;
};

}  // namespace

std::unique_ptr<KmsAccess> MakeKmsAccess(const kms::Service& kms) {
  return std::make_unique<Access>(kms);
}

}  // namespace aloft::api
