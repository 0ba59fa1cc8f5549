// One statement of a policy, compiled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/policy/condition.h"
#include "platform/policy/pattern.h"
#include "platform/policy/policy.h"

namespace aloft::policy::internal {

struct Principals {
  bool present = false;
  bool negated = false;  // NotPrincipal
  bool everyone = false;
  std::vector<std::string> accounts;
  std::vector<std::string> arns;
  std::vector<std::string> ids;  // AIDA..., AROA...
  std::vector<std::string> services;
  std::vector<std::string> federated;

  // `deny`: the statement's effect; everyone includes services only where that closes a door.
  Verdict::Names Matches(const Caller* caller, bool deny) const;
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

  // `action` in lower case, `resource` the query's. `names`: whom its principal names.
  bool AppliesTo(std::string_view action, const ArnParts& resource, const Query& query, Verdict::Names& names) const;
};

// The statements of a document. kMalformedPolicyDocument.
Result<std::vector<Statement>> ParseStatements(std::string_view document, PolicyUse use);

// Where the statements of a well-formed document stand, in its order.
std::vector<Place> FindPlaces(std::string_view document);

// Whether an Allow reaches beyond a fixed set of principals or places.
bool IsPublic(const Statement& statement);

}  // namespace aloft::policy::internal
