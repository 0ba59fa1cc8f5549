#include "platform/directory/managed_policies.h"

#include <charconv>

#include "platform/directory/policy_store.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Session;

namespace {

// What AWS's own managed policies carry as their date.
const Time kAwsCreated = Time(std::chrono::seconds(1'423'162'800));

}  // namespace

Result<Entity> RequirePolicy(sql::Reader& reader, const AccountId& account, const std::string& arn) {
  const auto name = ParseEntityArn(arn, EntityKind::kPolicy);
  if (!name && !IsAwsManagedArn(arn)) return Fail(kValidation, "ARN " + arn + " is not valid.");
  if (name && name->account == account) {
    ALOFT_ASSIGN(auto policy, records::Find(reader, account, EntityKind::kPolicy, name->name));
    if (policy && policy->Arn() == arn) return std::move(*policy);
  }
  return Fail(kNoSuchEntity, "Policy " + arn + " was not found.");
}

std::optional<std::int64_t> ParseVersion(std::string_view text) {
  std::int64_t version = 0;
  if (!text.starts_with('v')) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) return std::nullopt;
  return version;
}

std::string VersionText(std::int64_t version) {
  return "v" + std::to_string(version);
}

Result<std::int64_t> CountBoundaries(sql::Reader& reader, const AccountId& account, std::string_view arn) {
  std::int64_t count = 0;
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole}) {
    ALOFT_ASSIGN(const auto entities, records::List(reader, account, kind, "/", Page{.marker = "", .limit = 100'000}));
    for (const Entity& entity : entities) count += entity.boundary == arn ? 1 : 0;
  }
  return count;
}

Result<iam::Policy> ShowPolicy(sql::Reader& reader, const Entity& policy) {
  ALOFT_ASSIGN(const auto holders, records::ListHolders(reader, policy.account, policy.Arn()));
  ALOFT_ASSIGN(const auto versions, records::ListVersions(reader, policy));
  iam::Policy out;
  out.policy_name = policy.name;
  out.policy_id = policy.id;
  out.arn = policy.Arn();
  out.path = policy.path;
  for (const PolicyVersionRecord& version : versions)
    if (version.is_default) out.default_version_id = VersionText(version.version);
  out.attachment_count = static_cast<std::int32_t>(holders.size());
  out.permissions_boundary_usage_count = 0;
  out.is_attachable = true;
  if (!policy.description.empty()) out.description = policy.description;
  out.create_date = policy.created;
  out.update_date = policy.updated;
  out.tags = ShowTags(policy.tags);
  return out;
}

Result<iam::Policy> ShowAwsPolicy(sql::Reader& reader, const AccountId& account, const AwsManagedPolicy& policy) {
  ALOFT_ASSIGN(const auto holders, records::ListHolders(reader, account, policy.Arn()));
  iam::Policy out;
  out.policy_name = std::string(policy.name);
  out.policy_id = std::string(policy.id);
  out.arn = policy.Arn();
  out.path = std::string(policy.path);
  out.default_version_id = VersionText(policy.version);
  out.attachment_count = static_cast<std::int32_t>(holders.size());
  out.permissions_boundary_usage_count = 0;
  out.is_attachable = true;
  out.description = std::string(policy.description);
  out.create_date = kAwsCreated;
  out.update_date = kAwsCreated;
  return out;
}

Result<iam::CreatePolicyResponse> ManagedPolicies::CreatePolicy(const Session& session,
                                                                const iam::CreatePolicyRequest& in) {
  const std::string document = in.policy_document.value_or("");
  ALOFT_TRY(identity::Policy::Parse(document, PolicyUse::kIdentity));
  if (PolicySize(document) > 6144) return Fail(kLimitExceeded, "Cannot exceed quota for PolicySize: 6144");
  Entity policy;
  policy.account = session.account;
  policy.kind = EntityKind::kPolicy;
  policy.name = in.policy_name.value_or("");
  policy.path = in.path.value_or("/");
  policy.description = in.description.value_or("");
  policy.id = NewEntityId(state_.random, "ANPA");
  policy.created = policy.updated = state_.clock.Now();
  policy.next_version = 2;
  ALOFT_ASSIGN(policy.tags, ReadTags(in.tags));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<iam::CreatePolicyResponse> {
    ALOFT_TRY(InsertNew(t, policy));
    ALOFT_TRY(records::InsertVersion(
        t, policy, {.version = 1, .is_default = true, .created = policy.created, .document = document}));
    ALOFT_ASSIGN(iam::Policy shown, ShowPolicy(t, policy));
    shown.description.reset();  // CreatePolicy leaves it out, as AWS's does
    return iam::CreatePolicyResponse{.policy = std::move(shown)};
  });
}

Result<iam::GetPolicyResponse> ManagedPolicies::GetPolicy(const Session& session, const iam::GetPolicyRequest& in) {
  const std::string arn = in.policy_arn.value_or("");
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::GetPolicyResponse> {
    iam::GetPolicyResponse out;
    if (const AwsManagedPolicy* managed = FindAwsManagedPolicy(arn)) {
      ALOFT_ASSIGN(out.policy, ShowAwsPolicy(reader, session.account, *managed));
      return out;
    }
    ALOFT_ASSIGN(const Entity policy, RequirePolicy(reader, session.account, arn));
    ALOFT_ASSIGN(iam::Policy shown, ShowPolicy(reader, policy));
    ALOFT_ASSIGN(const std::int64_t boundaries, CountBoundaries(reader, session.account, arn));
    shown.permissions_boundary_usage_count = static_cast<std::int32_t>(boundaries);
    out.policy = std::move(shown);
    return out;
  });
}

Status ManagedPolicies::DeletePolicy(const Session& session, const iam::DeletePolicyRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity policy, RequirePolicy(t, session.account, in.policy_arn.value_or("")));
    ALOFT_ASSIGN(const auto holders, records::ListHolders(t, session.account, policy.Arn()));
    ALOFT_ASSIGN(const std::int64_t boundaries, CountBoundaries(t, session.account, policy.Arn()));
    if (!holders.empty() || boundaries > 0)
      return Fail(kDeleteConflict, "Cannot delete a policy attached to entities.");
    ALOFT_ASSIGN(const auto versions, records::ListVersions(t, policy));
    if (versions.size() > 1)
      return Fail(kDeleteConflict,
                  "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                  "versions. The default version is deleted with the policy.");
    return records::Delete(t, session.account, EntityKind::kPolicy, policy.name);
  });
}

Result<iam::ListPoliciesResponse> ManagedPolicies::ListPolicies(const Session& session,
                                                                const iam::ListPoliciesRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  const std::string scope = in.scope.value_or("All"), prefix = in.path_prefix.value_or("/");
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::ListPoliciesResponse> {
    std::vector<iam::Policy> all;
    if (scope != "AWS") {
      ALOFT_ASSIGN(const auto own, records::List(reader, session.account, EntityKind::kPolicy, prefix,
                                                 Page{.marker = "", .limit = 10'000}));
      for (const Entity& policy : own) {
        ALOFT_ASSIGN(iam::Policy shown, ShowPolicy(reader, policy));
        shown.tags.reset();
        all.push_back(std::move(shown));
      }
    }
    for (const AwsManagedPolicy& policy : AwsManagedPolicies()) {
      if (scope == "Local" || !policy.path.starts_with(prefix)) continue;
      ALOFT_ASSIGN(iam::Policy shown, ShowAwsPolicy(reader, session.account, policy));
      all.push_back(std::move(shown));
    }
    if (in.only_attached.value_or(false))
      std::erase_if(all, [](const iam::Policy& policy) { return *policy.attachment_count == 0; });
    std::sort(all.begin(), all.end(), [](const iam::Policy& a, const iam::Policy& b) { return *a.arn < *b.arn; });
    auto cut = CutPage(std::move(all), paging.page, [](const iam::Policy& policy) { return *policy.arn; });
    iam::ListPoliciesResponse out;
    SetPage(out, cut);
    for (iam::Policy& policy : cut.items) policy.description.reset();
    out.policies = std::move(cut.items);
    return out;
  });
}

Result<iam::ListEntitiesForPolicyResponse> ManagedPolicies::ListEntitiesForPolicy(
    const Session& session, const iam::ListEntitiesForPolicyRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  const std::string arn = in.policy_arn.value_or(""), filter = in.entity_filter.value_or("");
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::ListEntitiesForPolicyResponse> {
    if (FindAwsManagedPolicy(arn) == nullptr) ALOFT_TRY(RequirePolicy(reader, session.account, arn));
    ALOFT_ASSIGN(auto holders, records::ListHolders(reader, session.account, arn));
    std::sort(holders.begin(), holders.end());
    const auto key = [](const auto& holder) { return std::string(KindText(holder.first)) + "/" + holder.second; };
    std::sort(holders.begin(), holders.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
    const auto cut = CutPage(std::move(holders), paging.page, key);
    iam::ListEntitiesForPolicyResponse out;
    SetPage(out, cut);
    out.policy_groups.emplace();
    out.policy_users.emplace();
    out.policy_roles.emplace();
    for (const auto& [kind, name] : cut.items) {
      ALOFT_ASSIGN(const Entity holder, Require(reader, session.account, kind, name));
      if (!holder.path.starts_with(in.path_prefix.value_or("/"))) continue;
      if (kind == EntityKind::kUser && (filter.empty() || filter == "User"))
        out.policy_users->push_back({.user_name = holder.name, .user_id = holder.id});
      if (kind == EntityKind::kGroup && (filter.empty() || filter == "Group"))
        out.policy_groups->push_back({.group_name = holder.name, .group_id = holder.id});
      if (kind == EntityKind::kRole && (filter.empty() || filter == "Role"))
        out.policy_roles->push_back({.role_name = holder.name, .role_id = holder.id});
    }
    return out;
  });
}

}  // namespace aloft::directory
