// Policy documents, compiled: pure decisions over plain data. Nothing here stores or fetches.
//
//   ALOFT_ASSIGN(auto policy, Policy::Parse(text, PolicyUse::kIdentity));
//   Verdict verdict = policy->Evaluate(Query{"s3:GetObject", "arn:aws:s3:::b/k", keys});
//
// The language: Effect, Action/NotAction, Resource/NotResource with * and ?, Principal/NotPrincipal, the condition
// operators String*, Arn*, Numeric*, Date*, Bool, Binary, IpAddress, Null with IfExists, ForAllValues and ForAnyValue,
// and variables with defaults (${aws:username}, ${aws:PrincipalTag/team, 'none'}).
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "platform/identity/session.h"

namespace aloft::identity {

enum class PolicyUse {
  kIdentity,  // attached to a user, group, role; a boundary; a session policy: no Principal
  kTrust,     // of a role: Principal, no Resource
  kResource,  // of a bucket, key, ...: Principal and Resource
};

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

// Who asks, for policies with a Principal. Several names can mean one caller: the session, its role, its account.
struct Caller {
  std::string_view account;
  std::string_view arn;        // the session or the user
  std::string_view role_arn;   // of an assumed-role session
  std::string_view service;    // "sagemaker.amazonaws.com" where a service asks for itself
  std::string_view federated;  // the identity provider of a web identity
  bool anonymous = false;
};

struct Query {
  std::string_view action;    // any case
  std::string_view resource;  // an ARN, or "*"
  const Keys& keys;
  const Caller* caller = nullptr;  // for kTrust and kResource
};

struct Verdict {
  enum class Effect { kNone, kAllow, kDeny } effect = Effect::kNone;
  int statement = -1;  // the index of the statement that decided
  // The principal of the deciding statement named the caller itself, not only its account.
  bool direct = false;
};

class Policy {
 public:
  // kMalformedPolicyDocument names the place: "Statement[1].Condition: unknown operator StringSame".
  static Result<std::shared_ptr<const Policy>> Parse(std::string_view document, PolicyUse use);
  ~Policy();

  // A Deny wins over every Allow. Does not allocate unless a pattern holds a variable.
  Verdict Evaluate(const Query& query) const;

  std::size_t size() const;
  // "statement 2 (Sid AllowRead)".
  std::string NameOf(int statement) const;

 private:
  struct State;
  explicit Policy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Whether `text` matches `pattern` with * (any run, empty too) and ? (any one character). Exact case.
bool MatchesWildcard(std::string_view pattern, std::string_view text);

// A policy with the name it is known by: an ARN, or "inline policy NAME".
struct NamedPolicy {
  std::string name;
  std::shared_ptr<const Policy> policy;
};

// Everything that decides what one principal may do, apart from policies of resources and of its session.
struct PrincipalPolicies {
  std::vector<NamedPolicy> identity;
  std::optional<NamedPolicy> boundary;
};

// The documented order: an explicit deny anywhere; then some session policy (where there are any), the boundary, and
// some identity policy must all allow. `explain` also fills Decision::why where the answer is yes.
Decision Decide(const PrincipalPolicies& policies, std::span<const std::shared_ptr<const Policy>> session_policies,
                const Query& query, bool explain = false);

}  // namespace aloft::identity
