// From the answers of all policies that have a say to one decision, in the documented order.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
//   1. a Deny anywhere refuses;
//   2. resource control policies of the resource's account, service control policies of the caller's: every level
//   allows;
//   3. the resource's policy: in its own account, one that names the session itself is enough; one that names its role
//      leaves the boundary and the session policies in force; a gate must open;
//   4. session policies, boundary, identity policies must all allow; across accounts the resource's policy too.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "platform/policy/policy.h"

namespace aloft::policy {

// A policy with the name it is known by: an ARN, or "inline policy NAME".
struct NamedPolicy {
  std::string name{};
  std::shared_ptr<const Policy> policy{};
};

// Everything that decides what one principal may do, apart from policies of resources and of its session.
struct PrincipalPolicies {
  std::vector<NamedPolicy> identity{};
  std::optional<NamedPolicy> boundary{};
};

// What an organization sets over an account, from its root down. Each level that has policies must allow; a level
// without any forbids nothing.
struct Guardrails {
  std::vector<std::vector<NamedPolicy>> service_control{};
  std::vector<std::vector<NamedPolicy>> resource_control{};
};

// What has a say about one question. Everything outlives the call.
struct Grounds {
  // Null: the caller has no identity policies of its own (nobody, a service) unless `root`.
  const PrincipalPolicies* principal = nullptr;
  bool root = false;  // the account itself: may do everything that nothing forbids
  // Several passed policies allow what any of them allows.
  std::span<const std::shared_ptr<const Policy>> session_policies{};
  const Guardrails* caller_guardrails = nullptr;
  const Guardrails* resource_guardrails = nullptr;
  const ResourceFacts* facts = nullptr;  // null: the caller's account's, without a policy
};

// `explain` also fills Decision::why where the answer is yes. The query names the caller where there are facts or
// resource guardrails.
Decision Decide(const Grounds& grounds, const Query& query, bool explain = false);

// One statement that applied, whatever came of it.
struct Matched {
  Decision::Source source = Decision::Source::kIdentity;
  std::string policy{};     // its name; "resource policy", "session policy 1"
  std::string statement{};  // "statement 2 (Sid AllowRead)"
  bool deny = false;
  Place place{};
};

// A decision with everything that went into it; for people and the simulator, too slow for requests.
struct Explanation {
  Decision decision{};
  std::vector<Matched> matched{};
  std::vector<std::string> missing_keys{};  // condition keys that some policy asks for and the request does not have
  std::optional<bool> within_boundary{};    // absent: there is no boundary
  std::optional<bool> within_guardrails{};  // absent: there are no service control policies
};
Explanation Explain(const Grounds& grounds, const Query& query);

}  // namespace aloft::policy
