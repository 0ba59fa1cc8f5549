// One statement of a policy, compiled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/policy.h"
#include "platform/identity/policy_condition.h"
#include "platform/identity/policy_pattern.h"

namespace aloft::identity::internal {

struct Principals {
  bool present = false;
  bool negated = false;  // NotPrincipal
  bool everyone = false;
  std::vector<std::string> accounts;
  std::vector<std::string> arns;
  std::vector<std::string> services;
  std::vector<std::string> federated;

  enum class Match { kNo, kAccount, kDirect };
  Match Matches(const Caller* caller) const;
};

struct Statement {
  std::string sid;
  bool deny = false;
  Principals principals;
  bool not_action = false;
  std::vector<Pattern> actions;  // in lower case
  bool has_resource = false;
  bool not_resource = false;
  std::vector<Pattern> resources;
  std::vector<Condition> conditions;

  // `action` in lower case, `resource` the query's.
  bool AppliesTo(std::string_view action, const ArnParts& resource, const Query& query, bool& direct) const;
};

// The statements of a document. kMalformedPolicyDocument.
Result<std::vector<Statement>> ParseStatements(std::string_view document, PolicyUse use);

}  // namespace aloft::identity::internal
