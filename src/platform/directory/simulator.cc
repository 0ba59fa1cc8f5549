#include "platform/directory/simulator.h"

#include <set>

#include "platform/directory/common.h"
#include "platform/identity/session_keys.h"
#include "platform/identity/sessions.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Context;
using identity::Session;

namespace {

using Texts = std::vector<std::string>;

// A world to ask in: the caller, its policies, the resource's.
struct World {
  Session session;
  std::map<std::string, std::string> tags;
  PrincipalPolicies policies;
  std::shared_ptr<const Guardrails> guardrails;
  ResourceFacts facts;
  Context context;
};

// The request's keys first, then those that follow from the principal.
class SimulatedKeys final : public Keys {
 public:
  SimulatedKeys(const World& world, Service::State& state)
      : given_(world.context),
        own_(world.session, &world.tags, world.context, state.clock.Now(), &world.facts, PlacementIn(state)) {}

  std::span<const std::string> Find(std::string_view key) const override {
    if (const auto given = given_.Find(key); !given.empty()) return given;
    // The clock is the request's to give: a simulation asks about some other time.
    if (key == "aws:currenttime" || key == "aws:epochtime") return {};
    return own_.Find(key);
  }

 private:
  const ContextKeys given_;
  const SessionKeys own_;
};

Status AddDocuments(const std::optional<Texts>& documents, const char* kind, std::vector<NamedPolicy>& out) {
  int number = 0;
  for (const std::string& document : documents.value_or(Texts())) {
    ALOFT_ASSIGN(auto policy, Policy::Parse(document, PolicyUse::kIdentity));
    out.push_back({kind + ("." + std::to_string(++number)), std::move(policy)});
  }
  return {};
}

Context ReadContext(const std::optional<std::vector<iam::ContextEntry>>& entries) {
  Context out;
  for (const auto& entry : entries.value_or(std::vector<iam::ContextEntry>()))
    out[ToLower(entry.context_key_name.value_or(""))] = entry.context_key_values.value_or(Texts());
  return out;
}

Status SetBoundary(const std::optional<Texts>& documents, PrincipalPolicies& policies) {
  if (!documents) return {};
  std::vector<NamedPolicy> boundaries;
  ALOFT_TRY(AddDocuments(documents, "PermissionsBoundaryPolicyInputList", boundaries));
  if (boundaries.size() != 1) return Fail(kInvalidInput, "Exactly one permissions boundary can be simulated");
  policies.boundary = std::move(boundaries.front());
  return {};
}

// As policies are named in PrincipalPolicies: "arn:... of user ada", "inline policy p of user ada".
void Exclude(const std::optional<std::vector<iam::PolicyIdentifier>>& excluded, PrincipalPolicies& policies) {
  for (const auto& each : excluded.value_or(std::vector<iam::PolicyIdentifier>())) {
    std::string name = each.policy_arn.value_or("");
    if (const auto& inlined = each.inline_policy_identifier) {
      name = "inline policy " + inlined->policy_name.value_or("");
      if (inlined->attachment_name)
        name += " of " + ToLower(inlined->attachment_type.value_or("user")) + " " + *inlined->attachment_name;
    }
    if (policies.boundary && policies.boundary->name == name) policies.boundary.reset();
    std::erase_if(policies.identity, [&](const NamedPolicy& policy) {
      return policy.name == name || policy.name.starts_with(name + " of ");
    });
  }
}

// Each of the request's lists is one level of service control policies, from the root down.
Result<std::shared_ptr<const Guardrails>> ReadGuardrails(
    const std::optional<std::vector<iam::OrderedOrganizationPolicyType>>& levels) {
  auto out = std::make_shared<Guardrails>();
  for (const auto& level : levels.value_or(std::vector<iam::OrderedOrganizationPolicyType>()))
    ALOFT_TRY(AddDocuments(level.service_control_policy_input_list, "ServiceControlPolicyInputList",
                           out->service_control.emplace_back()));
  return std::shared_ptr<const Guardrails>(std::move(out));
}

// CallerArn, ResourcePolicy and ResourceOwner of either request.
template <class Request>
Status SetResource(Service& identity, const Session& asker, const Request& in, World& world) {
  if (in.resource_handling_option)
    return Fail(kUnimplemented, "Simulation with ResourceHandlingOption, of EC2's instances, is not built");
  if (in.caller_arn) {
    ALOFT_ASSIGN(world.session, identity.SessionOf(*in.caller_arn));
    if (world.session.kind != PrincipalKind::kUser) return Fail(kInvalidInput, "CallerArn must be the ARN of a user");
  } else if (in.resource_policy && world.session.kind == PrincipalKind::kNobody) {
    return Fail(kInvalidInput, "CallerArn is required with ResourcePolicy, unless the simulated principal is a user");
  }
  std::string owner = in.resource_owner.value_or(asker.account.value());
  if (owner.starts_with("arn:aws:iam::") && owner.size() >= 25) owner = owner.substr(13, 12);
  world.facts.owner = AccountId(owner);
  // Simulated documents without a caller belong to nobody in particular: then the resource is of the same account.
  if (world.session.kind == PrincipalKind::kNobody) world.session.account = world.facts.owner;
  if (in.resource_policy) {
    ALOFT_ASSIGN(world.facts.policy, Policy::Parse(*in.resource_policy, PolicyUse::kResource));
  }
  world.context = ReadContext(in.context_entries);
  return {};
}

std::string TypeOf(Decision::Source source) {
  switch (source) {
    case Decision::Source::kResource: return "Resource Policy";
    case Decision::Source::kBoundary: return "IAM Permissions Boundary Policy";
    case Decision::Source::kServiceControl:
    case Decision::Source::kResourceControl: return "Organizations Policy";
    default: return "IAM Policy";
  }
}

iam::EvaluationResult Show(const std::string& action, const std::string& resource,
                           const policy::Explanation& explanation) {
  const Decision& decision = explanation.decision;
  iam::EvaluationResult out;
  out.eval_action_name = action;
  out.eval_resource_name = resource;
  out.eval_decision = decision.allowed ? "allowed" : decision.explicit_deny ? "explicitDeny" : "implicitDeny";
  out.matched_statements.emplace();
  for (const policy::Matched& matched : explanation.matched) {
    // What decided: the statements of the answer's effect.
    if (matched.deny != decision.explicit_deny) continue;
    iam::Statement statement{.source_policy_id = matched.policy, .source_policy_type = TypeOf(matched.source)};
    statement.start_position = iam::Position{.line = matched.place.start_line, .column = matched.place.start_column};
    statement.end_position = iam::Position{.line = matched.place.end_line, .column = matched.place.end_column};
    out.matched_statements->push_back(std::move(statement));
  }
  out.missing_context_values = explanation.missing_keys;
  if (explanation.within_boundary)
    out.permissions_boundary_decision_detail =
        iam::PermissionsBoundaryDecisionDetail{.allowed_by_permissions_boundary = *explanation.within_boundary};
  if (explanation.within_guardrails)
    out.organizations_decision_detail =
        iam::OrganizationsDecisionDetail{.allowed_by_organizations = *explanation.within_guardrails};
  return out;
}

// Each action on each resource.
Result<iam::SimulatePolicyResponse> Simulate(const World& world, Service::State& state,
                                             const std::optional<Texts>& actions, const std::optional<Texts>& resources,
                                             const Paging& paging) {
  const SimulatedKeys keys(world, state);
  Caller caller = CallerOf(world.session);
  caller.anonymous = false;
  caller.account = world.session.account.value();
  const Grounds grounds{
      .principal = &world.policies, .caller_guardrails = world.guardrails.get(), .facts = &world.facts};
  const Texts all_actions = actions.value_or(Texts()), all_resources = resources.value_or(Texts{"*"});
  const std::size_t total = all_actions.size() * all_resources.size();
  if (total > 10'000) return Fail(kInvalidInput, "At most 10000 questions can be asked at once");
  const std::size_t begin = std::min<std::size_t>(total, std::strtoull(paging.page.marker.c_str(), nullptr, 10));
  const std::size_t end = std::min(total, begin + static_cast<std::size_t>(paging.page.limit));
  iam::SimulatePolicyResponse out;
  out.evaluation_results.emplace();
  for (std::size_t i = begin; i < end; ++i) {
    const std::string& action = all_actions[i / all_resources.size()];
    const std::string& resource = all_resources[i % all_resources.size()];
    out.evaluation_results->push_back(
        Show(action, resource, policy::Explain(grounds, Query{action, resource, keys, &caller})));
  }
  out.is_truncated = end < total;
  if (end < total) out.marker = EncodeMarker(std::to_string(end));
  return out;
}

// A user, group or role of the asker's account.
Result<std::shared_ptr<const Principal>> FindSource(Service& identity, const Session& asker, const std::string& arn) {
  std::shared_ptr<const Principal> principal;
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole, EntityKind::kGroup}) {
    const auto name = ParseEntityArn(arn, kind);
    if (!name || name->account != asker.account) continue;
    ALOFT_ASSIGN(principal, FindPrincipal(identity.state(), name->account, kind, name->name));
  }
  if (principal == nullptr || principal->entity.Arn() != arn)
    return Fail(kNoSuchEntity, "The entity " + arn + " cannot be found.");
  return principal;
}

void AddKeys(const std::vector<NamedPolicy>& policies, std::set<std::string>& out) {
  for (const NamedPolicy& policy : policies) out.insert(policy.policy->keys().begin(), policy.policy->keys().end());
}

}  // namespace

Result<iam::SimulatePrincipalPolicyResponse> Simulator::SimulatePrincipalPolicy(
    const Session& asker, const iam::SimulatePrincipalPolicyRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  ALOFT_ASSIGN(const auto principal, FindSource(identity_, asker, in.policy_source_arn.value_or("")));
  World world;
  world.policies = principal->policies;
  world.tags = principal->entity.tags;
  Exclude(in.policy_exclusion_list, world.policies);
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", world.policies.identity));
  ALOFT_TRY(SetBoundary(in.permissions_boundary_policy_input_list, world.policies));
  if (principal->entity.kind != EntityKind::kGroup) {
    ALOFT_ASSIGN(world.session, identity_.SessionOf(principal->entity.Arn()));
  }
  ALOFT_ASSIGN(world.guardrails, FindGuardrails(identity_.state(), asker.account));
  ALOFT_TRY(SetResource(identity_, asker, in, world));
  return Simulate(world, identity_.state(), in.action_names, in.resource_arns, paging);
}

Result<iam::SimulateCustomPolicyResponse> Simulator::SimulateCustomPolicy(const Session& asker,
                                                                          const iam::SimulateCustomPolicyRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  World world;
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", world.policies.identity));
  ALOFT_TRY(SetBoundary(in.permissions_boundary_policy_input_list, world.policies));
  ALOFT_ASSIGN(world.guardrails, ReadGuardrails(in.ordered_organization_policy_input_list));
  ALOFT_TRY(SetResource(identity_, asker, in, world));
  return Simulate(world, identity_.state(), in.action_names, in.resource_arns, paging);
}

Result<iam::GetContextKeysForPrincipalPolicyResponse> Simulator::GetContextKeysForPrincipalPolicy(
    const Session& asker, const iam::GetContextKeysForPrincipalPolicyRequest& in) {
  ALOFT_ASSIGN(const auto principal, FindSource(identity_, asker, in.policy_source_arn.value_or("")));
  std::vector<NamedPolicy> policies = principal->policies.identity;
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", policies));
  std::set<std::string> keys;
  AddKeys(policies, keys);
  return iam::GetContextKeysForPrincipalPolicyResponse{.context_key_names = Texts(keys.begin(), keys.end())};
}

Result<iam::GetContextKeysForCustomPolicyResponse> Simulator::GetContextKeysForCustomPolicy(
    const Session&, const iam::GetContextKeysForCustomPolicyRequest& in) {
  std::vector<NamedPolicy> policies;
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", policies));
  std::set<std::string> keys;
  AddKeys(policies, keys);
  return iam::GetContextKeysForCustomPolicyResponse{.context_key_names = Texts(keys.begin(), keys.end())};
}

}  // namespace aloft::directory
