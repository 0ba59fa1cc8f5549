#include "platform/policy/statement.h"

#include <algorithm>

namespace aloft::policy::internal {
namespace {

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return !text.empty() && std::find(list.begin(), list.end(), text) != list.end();
}

bool MatchesAction(const std::vector<Pattern>& patterns, std::string_view action, const Keys& keys) {
  for (const Pattern& pattern : patterns)
    if (pattern.Matches(action, keys).value_or(false)) return true;
  return false;
}

bool MatchesResource(const Statement& statement, const ArnParts& resource, const Query& query) {
  if (!statement.has_resource) return true;
  bool undecided = false;
  for (const Pattern& pattern : statement.resources) {
    const std::optional<bool> match = pattern.MatchesArn(query.resource, resource, query.keys);
    if (!match) undecided = true;
    if (match.value_or(false)) return !statement.not_resource;
  }
  // NotResource with a variable that has no value: an Allow must not open, a Deny must not vanish.
  if (statement.not_resource) return !undecided || statement.deny;
  return false;
}

}  // namespace

Verdict::Names Principals::Matches(const Caller* caller, bool deny) const {
  using Names = Verdict::Names;
  if (!present) return Names::kSelf;
  if (caller == nullptr) return Names::kNobody;
  const bool account = Contains(accounts, caller->account);
  Names names = Names::kNobody;
  if ((everyone && (deny || caller->service.empty())) || Contains(services, caller->service) ||
      Contains(federated, caller->federated) || Contains(arns, caller->arn) ||
      (account && caller->arn.ends_with(":root")))
    names = Names::kSelf;
  else if (Contains(ids, caller->id))
    names = caller->role_arn.empty() ? Names::kSelf : Names::kRole;
  else if (Contains(arns, caller->role_arn))
    names = Names::kRole;
  else if (account)
    names = Names::kAccount;
  if (!negated) return names;
  // Naming an account in NotPrincipal spares the account itself, not everybody in it.
  return names == Names::kNobody || names == Names::kAccount ? Names::kSelf : Names::kNobody;
}

bool Statement::AppliesTo(std::string_view action, const ArnParts& resource, const Query& query,
                          Verdict::Names& names) const {
  if (MatchesAction(actions, action, query.keys) == not_action) return false;
  if (!MatchesResource(*this, resource, query)) return false;
  names = principals.Matches(query.caller, deny);
  if (names == Verdict::Names::kNobody) return false;
  for (const Condition& condition : conditions)
    if (!condition.Holds(query.keys, deny)) return false;
  return true;
}

}  // namespace aloft::policy::internal
