#include "platform/identity/policy_statement.h"

#include <algorithm>

namespace aloft::identity::internal {
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

Principals::Match Principals::Matches(const Caller* caller) const {
  if (!present) return Match::kDirect;
  if (caller == nullptr) return Match::kNo;
  Match match = Match::kNo;
  if (everyone && caller->service.empty())
    match = Match::kDirect;
  else if (Contains(services, caller->service))
    match = Match::kDirect;
  else if (Contains(federated, caller->federated))
    match = Match::kDirect;
  else if (Contains(arns, caller->arn) || Contains(arns, caller->role_arn))
    match = Match::kDirect;
  else if (Contains(accounts, caller->account))
    match = Match::kAccount;
  if (!negated) return match;
  return match == Match::kNo ? Match::kDirect : Match::kNo;
}

bool Statement::AppliesTo(std::string_view action, const ArnParts& resource, const Query& query, bool& direct) const {
  if (MatchesAction(actions, action, query.keys) == not_action) return false;
  if (!MatchesResource(*this, resource, query)) return false;
  const Principals::Match match = principals.Matches(query.caller);
  if (match == Principals::Match::kNo) return false;
  direct = principals.present && match == Principals::Match::kDirect;
  for (const Condition& condition : conditions)
    if (!condition.Holds(query.keys, deny)) return false;
  return true;
}

}  // namespace aloft::identity::internal
