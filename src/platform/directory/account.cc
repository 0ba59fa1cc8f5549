#include "platform/directory/account.h"

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

std::vector<iam::Statement> Matched(const PrincipalPolicies& policies, const Query& query, bool allowed) {
  const auto wanted = allowed ? Verdict::Effect::kAllow : Verdict::Effect::kDeny;
  std::vector<iam::Statement> out;
  for (const NamedPolicy& policy : policies.identity)
    if (policy.policy->Evaluate(query).effect == wanted)
      out.push_back({.source_policy_id = policy.name, .source_policy_type = "IAM Policy"});
  return out;
}

// Each action on each resource.
Result<iam::SimulatePolicyResponse> Simulate(const PrincipalPolicies& policies, const Keys& keys,
                                             const std::optional<Texts>& actions, const std::optional<Texts>& resources,
                                             const Paging& paging) {
  std::vector<iam::EvaluationResult> all;
  for (const std::string& action : actions.value_or(Texts())) {
    for (const std::string& resource : resources.value_or(Texts{"*"})) {
      if (all.size() >= 10'000) return Fail(kInvalidInput, "At most 10000 questions can be asked at once");
      const Query query{action, resource, keys};
      const Decision decision = policy::Decide({.principal = &policies}, query);
      iam::EvaluationResult result;
      result.eval_action_name = action;
      result.eval_resource_name = resource;
      result.eval_decision = decision.allowed ? "allowed" : decision.explicit_deny ? "explicitDeny" : "implicitDeny";
      result.matched_statements = Matched(policies, query, decision.allowed);
      result.missing_context_values.emplace();
      if (policies.boundary)
        result.permissions_boundary_decision_detail = iam::PermissionsBoundaryDecisionDetail{
            .allowed_by_permissions_boundary =
                policies.boundary->policy->Evaluate(query).effect == Verdict::Effect::kAllow};
      all.push_back(std::move(result));
    }
  }
  iam::SimulatePolicyResponse out;
  const std::size_t begin = std::min<std::size_t>(all.size(), std::strtoull(paging.page.marker.c_str(), nullptr, 10));
  const std::size_t end = std::min(all.size(), begin + static_cast<std::size_t>(paging.page.limit));
  out.is_truncated = end < all.size();
  if (end < all.size()) out.marker = EncodeMarker(std::to_string(end));
  out.evaluation_results.emplace(std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(begin)),
                                 std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(end)));
  return out;
}

template <class Request>
Status CheckBuilt(const Request& in) {
  if (in.resource_policy || in.resource_owner || in.caller_arn || in.resource_handling_option)
    return Fail(kUnimplemented,
                "Simulation with ResourcePolicy, ResourceOwner, CallerArn or ResourceHandlingOption is not built");
  return {};
}

Status SetBoundary(const std::optional<Texts>& documents, PrincipalPolicies& policies) {
  if (!documents) return {};
  std::vector<NamedPolicy> boundaries;
  ALOFT_TRY(AddDocuments(documents, "PermissionsBoundaryPolicyInputList", boundaries));
  if (boundaries.size() != 1) return Fail(kInvalidInput, "Exactly one permissions boundary can be simulated");
  policies.boundary = std::move(boundaries.front());
  return {};
}

}  // namespace

Result<iam::GetAccountSummaryResponse> Account::GetAccountSummary(const Session& session,
                                                                  const iam::GetAccountSummaryRequest&) {
  return identity_.state().database.Read([&](sql::Reader& reader) -> Result<iam::GetAccountSummaryResponse> {
    std::map<std::string, std::int32_t> map = {{"UsersQuota", 5000},
                                               {"GroupsQuota", 300},
                                               {"RolesQuota", 1000},
                                               {"PoliciesQuota", 1500},
                                               {"InstanceProfilesQuota", 1000},
                                               {"AccessKeysPerUserQuota", 2},
                                               {"GroupsPerUserQuota", 10},
                                               {"AttachedPoliciesPerUserQuota", 10},
                                               {"AttachedPoliciesPerGroupQuota", 10},
                                               {"AttachedPoliciesPerRoleQuota", 10},
                                               {"VersionsPerPolicyQuota", 5},
                                               {"PolicySizeQuota", 6144},
                                               {"UserPolicySizeQuota", 2048},
                                               {"GroupPolicySizeQuota", 5120},
                                               {"RolePolicySizeQuota", 10240},
                                               {"AssumeRolePolicySizeQuota", 2048},
                                               {"AccountAccessKeysPresent", 0},
                                               {"AccountMFAEnabled", 0},
                                               {"MFADevices", 0},
                                               {"MFADevicesInUse", 0},
                                               {"Providers", 0},
                                               {"ServerCertificates", 0}};
    for (const auto& [name, kind] : {std::pair{"Users", EntityKind::kUser},
                                     {"Groups", EntityKind::kGroup},
                                     {"Roles", EntityKind::kRole},
                                     {"Policies", EntityKind::kPolicy},
                                     {"InstanceProfiles", EntityKind::kInstanceProfile}}) {
      ALOFT_ASSIGN(const std::int64_t count, records::Count(reader, session.account, kind));
      map[name] = static_cast<std::int32_t>(count);
    }
    return iam::GetAccountSummaryResponse{.summary_map = std::move(map)};
  });
}

Result<iam::ListAccountAliasesResponse> Account::ListAccountAliases(const Session&,
                                                                    const iam::ListAccountAliasesRequest&) {
  return iam::ListAccountAliasesResponse{.account_aliases = Texts(), .is_truncated = false};
}

Result<iam::SimulatePrincipalPolicyResponse> Account::SimulatePrincipalPolicy(
    const Session& session, const iam::SimulatePrincipalPolicyRequest& in) {
  ALOFT_TRY(CheckBuilt(in));
  if (in.policy_exclusion_list) return Fail(kUnimplemented, "Simulation with PolicyExclusionList is not built");
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  const std::string arn = in.policy_source_arn.value_or("");
  std::shared_ptr<const Principal> principal;
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole, EntityKind::kGroup}) {
    const auto name = ParseEntityArn(arn, kind);
    if (!name || name->account != session.account) continue;
    ALOFT_ASSIGN(principal, FindPrincipal(identity_.state(), name->account, kind, name->name));
  }
  if (principal == nullptr || principal->entity.Arn() != arn)
    return Fail(kNoSuchEntity, "The entity " + arn + " cannot be found.");
  PrincipalPolicies policies = principal->policies;
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", policies.identity));
  ALOFT_TRY(SetBoundary(in.permissions_boundary_policy_input_list, policies));

  Session simulated;
  if (principal->entity.kind == EntityKind::kRole) {
    simulated = RoleSession(principal->entity, "simulation");
  } else if (principal->entity.kind == EntityKind::kUser) {
    simulated.kind = PrincipalKind::kUser;
    simulated.account = session.account;
    simulated.arn = arn;
    simulated.principal_id = principal->entity.id;
    simulated.user_name = principal->entity.name;
  }
  const Context context = ReadContext(in.context_entries);
  const SessionKeys keys(simulated, &principal->entity.tags, context, identity_.state().clock.Now());
  return Simulate(policies, keys, in.action_names, in.resource_arns, paging);
}

Result<iam::SimulateCustomPolicyResponse> Account::SimulateCustomPolicy(const Session&,
                                                                        const iam::SimulateCustomPolicyRequest& in) {
  ALOFT_TRY(CheckBuilt(in));
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  PrincipalPolicies policies;
  ALOFT_TRY(AddDocuments(in.policy_input_list, "PolicyInputList", policies.identity));
  ALOFT_TRY(SetBoundary(in.permissions_boundary_policy_input_list, policies));
  const Context context = ReadContext(in.context_entries);
  const ContextKeys keys(context);
  return Simulate(policies, keys, in.action_names, in.resource_arns, paging);
}

}  // namespace aloft::directory
