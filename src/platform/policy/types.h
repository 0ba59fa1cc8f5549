// The question that policies answer, and the answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/id.h"
#include "foundation/base/result.h"

namespace aloft::policy {

class Policy;

// Condition keys, in lower case, with their values: {"aws:sourceip", {"10.0.0.7"}}.
using Context = std::map<std::string, std::vector<std::string>>;

// The condition keys of a request. Keys are asked in lower case; an absent key has no value.
class Keys {
 public:
  virtual ~Keys() = default;
  // The values of `key`; empty where absent. Views live as long as the Keys.
  virtual std::span<const std::string> Find(std::string_view key) const = 0;
};

// A Keys over a Context.
class ContextKeys final : public Keys {
 public:
  explicit ContextKeys(const Context& context) : context_(context) {}
  std::span<const std::string> Find(std::string_view key) const override;

 private:
  const Context& context_;
};

// Who asks, for policies with a Principal. Several names can mean one caller: the session, who it was made from, the
// account. All empty: nobody.
struct Caller {
  std::string_view account{};
  std::string_view arn{};        // the session or the user; the account's root
  std::string_view role_arn{};   // of an assumed-role session its role, of a federated session its user
  std::string_view id{};         // AIDA..., AROA...: of the user or role, without a session's name
  std::string_view service{};    // "sagemaker.amazonaws.com" where a service asks for itself
  std::string_view federated{};  // the identity provider of a web identity
  bool anonymous = false;
};

struct Query {
  std::string_view action;    // any case
  std::string_view resource;  // an ARN, or "*"
  const Keys& keys;
  const Caller* caller = nullptr;  // for policies with a Principal
};

// What a decision must know of the resource; the service that holds the resource tells (api::FactSource).
//
// Within the owner's account an Allow of an identity policy or of the resource's policy is enough; across accounts both
// are needed; nobody comes in but by the resource's policy.
struct ResourceFacts {
  AccountId owner{};                       // the account that holds the resource; empty: the caller's own
  std::shared_ptr<const Policy> policy{};  // parsed with PolicyUse::kResource or kTrust; null: the resource has none
  // Keys that follow from the resource: s3:existingobjecttag/color, aws:resourcetag/team.
  Context context{};
  // The same for keys that cost a read: called at most once for a decision, and only where a condition asks for a key
  // that nobody else knows. An error refuses the request. What it needs it owns, or it outlives the decision.
  std::function<Result<Context>()> late{};
  // A KMS key's policy, a role's trust: nothing opens without it, and identity policies count only where it names the
  // caller's account.
  bool gate = false;
  // Something of the resource beside its policy lets this caller do this: an ACL, a KMS grant. It counts like a
  // statement of the policy that names the caller; `granted_by` names it for people.
  bool granted = false;
  std::string granted_by{};
  // RestrictPublicBuckets: a policy that is public (Policy::is_public) opens only to services and the owner's account.
  bool block_public = false;
};

struct Decision {
  // Which kind of policy said no, or did not say yes.
  enum class Source { kIdentity, kBoundary, kSession, kResource, kServiceControl, kResourceControl };

  bool allowed = false;
  bool explicit_deny = false;
  Source source = Source::kIdentity;
  std::string why{};  // the statement that decided, or what is missing; for `aloft iam why` and the log
};

}  // namespace aloft::policy
