#include "platform/organizations/guardrails.h"

#include "platform/organizations/common.h"

namespace aloft::organizations {

namespace org = shapes::organizations;
using identity::AccountRecord;
using identity::GuardrailKind;
using identity::GuardrailRecord;
using identity::OrganizationRecord;
using identity::Session;

namespace {

// AWS's limits.
constexpr std::size_t kMostBytes = 5'120, kMostPolicies = 1'000, kMostPerTarget = 5;

Result<GuardrailKind> ParseKind(const std::optional<std::string>& type) {
  for (const GuardrailKind kind : {GuardrailKind::kService, GuardrailKind::kResource})
    if (type == GuardrailText(kind)) return kind;
  return Fail(kUnimplemented, "Policies of type " + type.value_or("") + " are not built");
}

bool& EnabledOf(OrganizationRecord& organization, GuardrailKind kind) {
  return kind == GuardrailKind::kService ? organization.service_control : organization.resource_control;
}

std::string LowerType(GuardrailKind kind) {
  return kind == GuardrailKind::kService ? "service_control_policy" : "resource_control_policy";
}

org::PolicySummary Summarize(const OrganizationRecord& organization, const GuardrailRecord& guardrail) {
  org::PolicySummary out;
  out.id = guardrail.id;
  out.arn = guardrail.aws_managed
                ? "arn:aws:organizations::aws:policy/" + LowerType(guardrail.kind) + "/" + guardrail.id
                : ArnOf(organization, "policy", LowerType(guardrail.kind) + "/" + guardrail.id);
  out.name = guardrail.name;
  out.description = guardrail.description;
  out.type = std::string(GuardrailText(guardrail.kind));
  out.aws_managed = guardrail.aws_managed;
  return out;
}
org::Policy Show(const OrganizationRecord& organization, const GuardrailRecord& guardrail) {
  return {.policy_summary = Summarize(organization, guardrail), .content = guardrail.document};
}

Status CheckDocument(GuardrailKind kind, const std::string& document) {
  if (document.size() > kMostBytes) return Fail(kConstraint, "The policy exceeds the maximum size of 5120 bytes.");
  const auto parsed = identity::Policy::Parse(
      document, kind == GuardrailKind::kService ? identity::PolicyUse::kIdentity : identity::PolicyUse::kResource);
  if (!parsed.ok())
    return Fail(kMalformedPolicy,
                "The provided policy document does not meet the requirements: " + parsed.error().message);
  return {};
}

Result<GuardrailRecord> RequireGuardrail(sql::Reader& reader, const std::optional<std::string>& id) {
  ALOFT_ASSIGN(auto found, identity::records::FindGuardrail(reader, id.value_or("")));
  if (found) return std::move(*found);
  return Fail(kPolicyNotFound, "You specified a policy that doesn't exist.");
}
Result<GuardrailRecord> RequireOwn(sql::Reader& reader, const std::optional<std::string>& id) {
  ALOFT_ASSIGN(GuardrailRecord guardrail, RequireGuardrail(reader, id));
  if (guardrail.aws_managed) return Fail(kConstraint, "You can't change or delete a policy that is managed by AWS.");
  return guardrail;
}

struct Target {
  std::string id, name, type, arn;
};
Result<Target> RequireTarget(sql::Reader& reader, const OrganizationRecord& organization,
                             const std::optional<std::string>& id) {
  if (id == organization.root_id)
    return Target{organization.root_id, "Root", "ROOT", ArnOf(organization, "root", organization.root_id)};
  if (id.value_or("").starts_with("ou-")) {
    ALOFT_ASSIGN(const auto unit, identity::records::FindUnit(reader, *id));
    if (!unit) return Fail(kTargetNotFound, "You specified a target that doesn't exist.");
    return Target{unit->id, unit->name, "ORGANIZATIONAL_UNIT", ArnOf(organization, "ou", unit->id)};
  }
  ALOFT_ASSIGN(const auto account, identity::records::FindAccount(reader, AccountId(id.value_or(""))));
  if (!account) return Fail(kTargetNotFound, "You specified a target that doesn't exist.");
  return Target{account->id.value(), account->name, "ACCOUNT", ArnOf(organization, "account", account->id.value())};
}

// Of one kind, by id.
Result<std::vector<GuardrailRecord>> AttachedTo(sql::Reader& reader, std::string_view target, GuardrailKind kind) {
  ALOFT_ASSIGN(const auto ids, identity::records::ListGuardrailsOf(reader, target));
  std::vector<GuardrailRecord> out;
  for (const std::string& id : ids) {
    ALOFT_ASSIGN(auto found, identity::records::FindGuardrail(reader, id));
    if (found && found->kind == kind) out.push_back(std::move(*found));
  }
  return out;
}

Result<std::vector<std::string>> AllTargets(sql::Reader& reader, const OrganizationRecord& organization) {
  std::vector<std::string> out{organization.root_id};
  ALOFT_ASSIGN(const auto accounts, identity::records::ListAccounts(reader));
  for (const AccountRecord& account : accounts) out.push_back(account.id.value());
  ALOFT_ASSIGN(const auto units, identity::records::ListUnits(reader));
  for (const identity::UnitRecord& unit : units) out.push_back(unit.id);
  return out;
}

}  // namespace

Result<org::EnablePolicyTypeResponse> Guardrails::EnablePolicyType(const Session& session,
                                                                   const org::EnablePolicyTypeRequest& in) {
  ALOFT_ASSIGN(const GuardrailKind kind, ParseKind(in.policy_type));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::EnablePolicyTypeResponse> {
    ALOFT_ASSIGN(OrganizationRecord organization, RequireManagement(t, session));
    if (in.root_id != organization.root_id) return Fail(kRootNotFound, "You specified a root that doesn't exist.");
    if (EnabledOf(organization, kind))
      return Fail(kTypeEnabled, "The specified policy type is already enabled in the specified root.");
    EnabledOf(organization, kind) = true;
    ALOFT_ASSIGN(const auto targets, AllTargets(t, organization));
    for (const std::string& target : targets)
      ALOFT_TRY(identity::records::AttachGuardrail(t, FullAccessGuardrail(kind).id, target));
    ALOFT_TRY(identity::records::PutOrganization(t, organization));
    return org::EnablePolicyTypeResponse{.root = ShowRoot(organization)};
  });
}

Result<org::DisablePolicyTypeResponse> Guardrails::DisablePolicyType(const Session& session,
                                                                     const org::DisablePolicyTypeRequest& in) {
  ALOFT_ASSIGN(const GuardrailKind kind, ParseKind(in.policy_type));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::DisablePolicyTypeResponse> {
    ALOFT_ASSIGN(OrganizationRecord organization, RequireManagement(t, session));
    if (in.root_id != organization.root_id) return Fail(kRootNotFound, "You specified a root that doesn't exist.");
    if (!EnabledOf(organization, kind))
      return Fail(kTypeNotEnabled, "The specified policy type isn't currently enabled in this root.");
    EnabledOf(organization, kind) = false;
    ALOFT_ASSIGN(const auto targets, AllTargets(t, organization));
    for (const std::string& target : targets) {
      ALOFT_ASSIGN(const auto attached, AttachedTo(t, target, kind));
      for (const GuardrailRecord& guardrail : attached)
        ALOFT_TRY(identity::records::DetachGuardrail(t, guardrail.id, target));
    }
    ALOFT_TRY(identity::records::PutOrganization(t, organization));
    return org::DisablePolicyTypeResponse{.root = ShowRoot(organization)};
  });
}

Result<org::CreatePolicyResponse> Guardrails::CreatePolicy(const Session& session, const org::CreatePolicyRequest& in) {
  ALOFT_ASSIGN(const GuardrailKind kind, ParseKind(in.type));
  GuardrailRecord made{.id = NewId(state_.random, "p-", 8),
                       .kind = kind,
                       .name = in.name.value_or(""),
                       .description = in.description.value_or(""),
                       .document = in.content.value_or(""),
                       .created = state_.clock.Now()};
  for (const org::Tag& tag : in.tags.value_or(std::vector<org::Tag>()))
    made.tags[tag.key.value_or("")] = tag.value.value_or("");
  ALOFT_TRY(CheckDocument(kind, made.document));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::CreatePolicyResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(const auto others, identity::records::ListGuardrails(t, kind));
    for (const GuardrailRecord& other : others)
      if (other.name == made.name) return Fail(kDuplicatePolicy, "A policy with the same name already exists.");
    if (others.size() > kMostPolicies)
      return Fail(kConstraint, "You have exceeded the number of policies that you can have in an organization.");
    ALOFT_TRY(identity::records::PutGuardrail(t, made));
    return org::CreatePolicyResponse{.policy = Show(organization, made)};
  });
}

Result<org::UpdatePolicyResponse> Guardrails::UpdatePolicy(const Session& session, const org::UpdatePolicyRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::UpdatePolicyResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(GuardrailRecord guardrail, RequireOwn(t, in.policy_id));
    guardrail.name = in.name.value_or(guardrail.name);
    guardrail.description = in.description.value_or(guardrail.description);
    guardrail.document = in.content.value_or(guardrail.document);
    ALOFT_TRY(CheckDocument(guardrail.kind, guardrail.document));
    ALOFT_ASSIGN(const auto others, identity::records::ListGuardrails(t, guardrail.kind));
    for (const GuardrailRecord& other : others)
      if (other.name == guardrail.name && other.id != guardrail.id)
        return Fail(kDuplicatePolicy, "A policy with the same name already exists.");
    ALOFT_TRY(identity::records::PutGuardrail(t, guardrail));
    return org::UpdatePolicyResponse{.policy = Show(organization, guardrail)};
  });
}

Status Guardrails::DeletePolicy(const Session& session, const org::DeletePolicyRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(RequireManagement(t, session));
    ALOFT_ASSIGN(const GuardrailRecord guardrail, RequireOwn(t, in.policy_id));
    ALOFT_ASSIGN(const auto targets, identity::records::ListGuardrailTargets(t, guardrail.id));
    if (!targets.empty())
      return Fail(kPolicyInUse, "The policy is attached to one or more entities. You must detach it first.");
    return identity::records::DeleteGuardrail(t, guardrail.id);
  });
}

Result<org::DescribePolicyResponse> Guardrails::DescribePolicy(const Session& session,
                                                               const org::DescribePolicyRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::DescribePolicyResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const GuardrailRecord guardrail, RequireGuardrail(reader, in.policy_id));
    return org::DescribePolicyResponse{.policy = Show(organization, guardrail)};
  });
}

Result<org::ListPoliciesResponse> Guardrails::ListPolicies(const Session& session, const org::ListPoliciesRequest& in) {
  ALOFT_ASSIGN(const GuardrailKind kind, ParseKind(in.filter));
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListPoliciesResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const auto all, identity::records::ListGuardrails(reader, kind));
    org::ListPoliciesResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(all.size(), in.next_token, in.max_results, out));
    out.policies.emplace();
    for (std::size_t i = page.first; i < page.second; ++i) out.policies->push_back(Summarize(organization, all[i]));
    return out;
  });
}

Status Guardrails::AttachPolicy(const Session& session, const org::AttachPolicyRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(const GuardrailRecord guardrail, RequireGuardrail(t, in.policy_id));
    ALOFT_ASSIGN(const Target target, RequireTarget(t, organization, in.target_id));
    if (!EnabledOf(organization, guardrail.kind))
      return Fail(kTypeNotEnabled, "This operation can be performed only for enabled policy types.");
    ALOFT_ASSIGN(const auto attached, AttachedTo(t, target.id, guardrail.kind));
    for (const GuardrailRecord& other : attached)
      if (other.id == guardrail.id)
        return Fail(kDuplicateAttachment, "A policy with the specified name and type is already attached.");
    if (attached.size() >= kMostPerTarget)
      return Fail(kConstraint, "You have exceeded the number of policies that can be attached to a target.");
    ALOFT_TRY(identity::records::AttachGuardrail(t, guardrail.id, target.id));
    return {};
  });
}

Status Guardrails::DetachPolicy(const Session& session, const org::DetachPolicyRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(const GuardrailRecord guardrail, RequireGuardrail(t, in.policy_id));
    ALOFT_ASSIGN(const Target target, RequireTarget(t, organization, in.target_id));
    ALOFT_ASSIGN(const auto attached, AttachedTo(t, target.id, guardrail.kind));
    const bool found = std::any_of(attached.begin(), attached.end(),
                                   [&](const GuardrailRecord& other) { return other.id == guardrail.id; });
    if (!found) return Fail(kNotAttached, "The policy isn't attached to the specified target.");
    // A level without a policy allows nothing; AWS demands one, and RCPFullAWSAccess always.
    if (attached.size() == 1 || (guardrail.kind == GuardrailKind::kResource && guardrail.aws_managed))
      return Fail(kConstraint, "The policy can't be detached: each target must keep at least one of its type.");
    ALOFT_TRY(identity::records::DetachGuardrail(t, guardrail.id, target.id));
    return {};
  });
}

Result<org::ListPoliciesForTargetResponse> Guardrails::ListPoliciesForTarget(
    const Session& session, const org::ListPoliciesForTargetRequest& in) {
  ALOFT_ASSIGN(const GuardrailKind kind, ParseKind(in.filter));
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListPoliciesForTargetResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const Target target, RequireTarget(reader, organization, in.target_id));
    ALOFT_ASSIGN(const auto attached, AttachedTo(reader, target.id, kind));
    org::ListPoliciesForTargetResponse out;
    out.policies.emplace();
    for (const GuardrailRecord& guardrail : attached) out.policies->push_back(Summarize(organization, guardrail));
    return out;
  });
}

Result<org::ListTargetsForPolicyResponse> Guardrails::ListTargetsForPolicy(const Session& session,
                                                                           const org::ListTargetsForPolicyRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListTargetsForPolicyResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const GuardrailRecord guardrail, RequireGuardrail(reader, in.policy_id));
    ALOFT_ASSIGN(const auto ids, identity::records::ListGuardrailTargets(reader, guardrail.id));
    org::ListTargetsForPolicyResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(ids.size(), in.next_token, in.max_results, out));
    out.targets.emplace();
    for (std::size_t i = page.first; i < page.second; ++i) {
      ALOFT_ASSIGN(const Target target, RequireTarget(reader, organization, ids[i]));
      out.targets->push_back({.target_id = target.id, .arn = target.arn, .name = target.name, .type = target.type});
    }
    return out;
  });
}

}  // namespace aloft::organizations
