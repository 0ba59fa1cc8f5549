#include "platform/identity/policy.h"

#include <array>

#include "foundation/base/bytes.h"
#include "platform/identity/policy_statement.h"

namespace aloft::identity {
namespace {

// The action in lower case, on the stack where it fits.
class LowerAction {
 public:
  explicit LowerAction(std::string_view action) {
    if (action.size() <= buffer_.size()) {
      for (std::size_t i = 0; i < action.size(); ++i)
        buffer_[i] = action[i] >= 'A' && action[i] <= 'Z' ? static_cast<char>(action[i] - 'A' + 'a') : action[i];
      text_ = std::string_view(buffer_.data(), action.size());
    } else {
      long_ = ToLower(action);
      text_ = long_;
    }
  }
  LowerAction(const LowerAction&) = delete;
  std::string_view text() const { return text_; }

 private:
  std::array<char, 96> buffer_;
  std::string long_;
  std::string_view text_;
};

}  // namespace

struct Policy::State {
  std::vector<internal::Statement> statements;
  bool any_deny = false;
};

Policy::Policy(std::unique_ptr<State> state) : state_(std::move(state)) {}
Policy::~Policy() = default;

Result<std::shared_ptr<const Policy>> Policy::Parse(std::string_view document, PolicyUse use) {
  ALOFT_ASSIGN(std::vector<internal::Statement> statements, internal::ParseStatements(document, use));
  auto state = std::make_unique<State>();
  for (const internal::Statement& statement : statements) state->any_deny = state->any_deny || statement.deny;
  state->statements = std::move(statements);
  return std::shared_ptr<const Policy>(new Policy(std::move(state)));
}

Verdict Policy::Evaluate(const Query& query) const {
  const LowerAction action(query.action);
  const internal::ArnParts resource = internal::SplitArn(query.resource);
  Verdict verdict;
  for (std::size_t i = 0; i < state_->statements.size(); ++i) {
    const internal::Statement& statement = state_->statements[i];
    // One Allow is enough; after it only a Deny can change the answer.
    const bool allowed = verdict.effect == Verdict::Effect::kAllow;
    if (allowed && !state_->any_deny) break;
    if (allowed && !statement.deny && (verdict.direct || query.caller == nullptr)) continue;
    bool direct = false;
    if (!statement.AppliesTo(action.text(), resource, query, direct)) continue;
    if (statement.deny) return Verdict{Verdict::Effect::kDeny, static_cast<int>(i), direct};
    if (!allowed || direct) verdict = Verdict{Verdict::Effect::kAllow, static_cast<int>(i), direct};
  }
  return verdict;
}

std::size_t Policy::size() const {
  return state_->statements.size();
}

std::string Policy::NameOf(int statement) const {
  std::string out = "statement " + std::to_string(statement + 1);
  const std::string& sid = state_->statements.at(static_cast<std::size_t>(statement)).sid;
  return sid.empty() ? out : out + " (Sid " + sid + ")";
}

namespace {

std::string Names(const NamedPolicy& policy, int statement) {
  return policy.policy->NameOf(statement) + " of " + policy.name;
}

Decision DeniedBy(Decision::Source source, std::string why) {
  return Decision{.allowed = false, .explicit_deny = true, .source = source, .why = "denied by " + std::move(why)};
}

Decision Missing(Decision::Source source, std::string_view kind, std::string_view action) {
  return Decision{.allowed = false,
                  .source = source,
                  .why = "no " + std::string(kind) + " allows " + std::string(action) + " on this resource"};
}

}  // namespace

Decision Decide(const PrincipalPolicies& policies, std::span<const std::shared_ptr<const Policy>> session_policies,
                const Query& query, bool explain) {
  using Effect = Verdict::Effect;
  using Source = Decision::Source;
  const NamedPolicy* allowing = nullptr;
  int statement = -1;
  for (const NamedPolicy& policy : policies.identity) {
    const Verdict verdict = policy.policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny) return DeniedBy(Source::kIdentity, Names(policy, verdict.statement));
    if (verdict.effect == Effect::kAllow && allowing == nullptr) {
      allowing = &policy;
      statement = verdict.statement;
    }
  }
  bool bounded = true;
  if (policies.boundary) {
    const Verdict verdict = policies.boundary->policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny)
      return DeniedBy(Source::kBoundary, Names(*policies.boundary, verdict.statement) + ", a permissions boundary");
    bounded = verdict.effect == Effect::kAllow;
  }
  // Several passed policies allow what any of them allows.
  bool passed = session_policies.empty();
  for (const auto& policy : session_policies) {
    const Verdict verdict = policy->Evaluate(query);
    if (verdict.effect == Effect::kDeny)
      return DeniedBy(Source::kSession, policy->NameOf(verdict.statement) + " of a session policy");
    passed = passed || verdict.effect == Effect::kAllow;
  }
  // The ceilings first: who adds another policy to get past a missing one must not find the ceiling unmentioned.
  if (!passed) return Missing(Source::kSession, "session policy", query.action);
  if (!bounded) return Missing(Source::kBoundary, "permissions boundary", query.action);
  if (allowing == nullptr) return Missing(Source::kIdentity, "identity-based policy", query.action);
  Decision decision{.allowed = true};
  if (explain) decision.why = "allowed by " + Names(*allowing, statement);
  return decision;
}

}  // namespace aloft::identity
