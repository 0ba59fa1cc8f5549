#include "platform/credentials/account_details.h"

#include "platform/directory/common.h"
#include "platform/directory/last_use.h"
#include "platform/directory/policy_store.h"
#include "platform/directory/show_role.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Session;

namespace {

// One entry of the list before it is shown: every kind in one order, so that one marker pages over all of them.
struct Item {
  std::string key;  // "1/ada": kind and name
  std::string kind;
  Entity entity;
  const AwsManagedPolicy* aws = nullptr;
};

Result<std::vector<iam::PolicyDetail>> Inlined(sql::Reader& reader, const Entity& owner) {
  ALOFT_ASSIGN(const auto inlined, records::ListInline(reader, owner));
  std::vector<iam::PolicyDetail> out;
  for (const auto& [name, document] : inlined)
    out.push_back({.policy_name = name, .policy_document = directory::ShowDocument(document)});
  return out;
}

Result<std::vector<iam::AttachedPolicy>> Attached(sql::Reader& reader, const Entity& owner) {
  ALOFT_ASSIGN(const auto attached, records::ListAttached(reader, owner));
  std::vector<iam::AttachedPolicy> out;
  for (const std::string& arn : attached)
    out.push_back({.policy_name = arn.substr(arn.rfind('/') + 1), .policy_arn = arn});
  return out;
}

Result<iam::UserDetail> ShowUser(sql::Reader& reader, const Entity& user) {
  iam::UserDetail out;
  out.path = user.path;
  out.user_name = user.name;
  out.user_id = user.id;
  out.arn = user.Arn();
  out.create_date = user.created;
  ALOFT_ASSIGN(out.user_policy_list, Inlined(reader, user));
  ALOFT_ASSIGN(out.attached_managed_policies, Attached(reader, user));
  out.group_list.emplace();
  ALOFT_ASSIGN(const auto groups, records::ListGroupsOf(reader, user));
  for (const Entity& group : groups) out.group_list->push_back(group.name);
  out.permissions_boundary = directory::ShowBoundary(user);
  out.tags = directory::ShowTags(user.tags).value_or(std::vector<iam::Tag>());
  return out;
}

Result<iam::GroupDetail> ShowGroup(sql::Reader& reader, const Entity& group) {
  iam::GroupDetail out;
  out.path = group.path;
  out.group_name = group.name;
  out.group_id = group.id;
  out.arn = group.Arn();
  out.create_date = group.created;
  ALOFT_ASSIGN(out.group_policy_list, Inlined(reader, group));
  ALOFT_ASSIGN(out.attached_managed_policies, Attached(reader, group));
  return out;
}

Result<iam::RoleDetail> ShowRole(sql::Reader& reader, const Entity& role) {
  iam::RoleDetail out;
  out.path = role.path;
  out.role_name = role.name;
  out.role_id = role.id;
  out.arn = role.Arn();
  out.create_date = role.created;
  out.assume_role_policy_document = directory::ShowDocument(role.trust);
  ALOFT_ASSIGN(out.role_policy_list, Inlined(reader, role));
  ALOFT_ASSIGN(out.attached_managed_policies, Attached(reader, role));
  out.instance_profile_list.emplace();
  ALOFT_ASSIGN(const auto profiles, directory::ProfilesOf(reader, role));
  for (const Entity& profile : profiles)
    out.instance_profile_list->push_back({.path = profile.path,
                                          .instance_profile_name = profile.name,
                                          .instance_profile_id = profile.id,
                                          .arn = profile.Arn(),
                                          .create_date = profile.created,
                                          .roles = std::vector<iam::Role>{directory::ShowRole(role)}});
  out.permissions_boundary = directory::ShowBoundary(role);
  out.tags = directory::ShowTags(role.tags).value_or(std::vector<iam::Tag>());
  ALOFT_ASSIGN(const auto used, directory::FindLastUse(reader, role.account, role.id));
  out.role_last_used = iam::RoleLastUsed{};
  if (used) out.role_last_used = iam::RoleLastUsed{.last_used_date = used->when, .region = used->region};
  return out;
}

iam::ManagedPolicyDetail ShowPolicy(const iam::Policy& policy) {
  iam::ManagedPolicyDetail out;
  out.policy_name = policy.policy_name;
  out.policy_id = policy.policy_id;
  out.arn = policy.arn;
  out.path = policy.path;
  out.default_version_id = policy.default_version_id;
  out.attachment_count = policy.attachment_count;
  out.permissions_boundary_usage_count = policy.permissions_boundary_usage_count;
  out.is_attachable = policy.is_attachable;
  out.description = policy.description;
  out.create_date = policy.create_date;
  out.update_date = policy.update_date;
  out.policy_version_list.emplace();
  return out;
}

Result<iam::ManagedPolicyDetail> ShowManaged(sql::Reader& reader, const AccountId& account, const Item& item) {
  if (item.aws != nullptr) {
    ALOFT_ASSIGN(const iam::Policy shown, directory::ShowAwsPolicy(reader, account, *item.aws));
    iam::ManagedPolicyDetail out = ShowPolicy(shown);
    out.policy_version_list->push_back({.document = directory::ShowDocument(item.aws->document),
                                        .version_id = shown.default_version_id,
                                        .is_default_version = true,
                                        .create_date = shown.create_date});
    return out;
  }
  ALOFT_ASSIGN(const iam::Policy shown, directory::ShowPolicy(reader, item.entity));
  iam::ManagedPolicyDetail out = ShowPolicy(shown);
  ALOFT_ASSIGN(const auto versions, records::ListVersions(reader, item.entity));
  for (const PolicyVersionRecord& version : versions)
    out.policy_version_list->push_back({.document = directory::ShowDocument(version.document),
                                        .version_id = directory::VersionText(version.version),
                                        .is_default_version = version.is_default,
                                        .create_date = version.created});
  return out;
}

Result<std::vector<Item>> ListAll(sql::Reader& reader, const AccountId& account,
                                  const std::vector<std::string>& wanted) {
  const auto want = [&](const std::string& kind) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), kind) != wanted.end();
  };
  std::vector<Item> out;
  for (const auto& [number, name, kind] : {std::tuple("1", "User", EntityKind::kUser),
                                           {"2", "Group", EntityKind::kGroup},
                                           {"3", "Role", EntityKind::kRole},
                                           {"4", "LocalManagedPolicy", EntityKind::kPolicy}}) {
    if (!want(name)) continue;
    ALOFT_ASSIGN(auto entities, records::List(reader, account, kind, "/", Page{.marker = "", .limit = 10'000}));
    for (Entity& entity : entities)
      out.push_back({std::string(number) + "/" + ToLower(entity.name), name, std::move(entity), nullptr});
  }
  if (want("AWSManagedPolicy"))
    for (const AwsManagedPolicy& policy : AwsManagedPolicies()) {
      ALOFT_ASSIGN(const auto holders, records::ListHolders(reader, account, policy.Arn()));
      // As AWS: without a filter only those in use.
      if (!wanted.empty() || !holders.empty())
        out.push_back({"5/" + ToLower(policy.name), "AWSManagedPolicy", {}, &policy});
    }
  std::sort(out.begin(), out.end(), [](const Item& a, const Item& b) { return a.key < b.key; });
  return out;
}

}  // namespace

Result<iam::GetAccountAuthorizationDetailsResponse> AccountDetails::GetAccountAuthorizationDetails(
    const Session& session, const iam::GetAccountAuthorizationDetailsRequest& in) {
  ALOFT_ASSIGN(const auto paging, directory::Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::GetAccountAuthorizationDetailsResponse> {
    ALOFT_ASSIGN(auto all, ListAll(reader, session.account, in.filter.value_or(std::vector<std::string>())));
    const auto cut = directory::CutPage(std::move(all), paging.page, [](const Item& item) { return item.key; });
    iam::GetAccountAuthorizationDetailsResponse out;
    directory::SetPage(out, cut);
    out.user_detail_list.emplace();
    out.group_detail_list.emplace();
    out.role_detail_list.emplace();
    out.policies.emplace();
    for (const Item& item : cut.items) {
      if (item.kind == "User") {
        ALOFT_ASSIGN(auto shown, ShowUser(reader, item.entity));
        out.user_detail_list->push_back(std::move(shown));
      } else if (item.kind == "Group") {
        ALOFT_ASSIGN(auto shown, ShowGroup(reader, item.entity));
        out.group_detail_list->push_back(std::move(shown));
      } else if (item.kind == "Role") {
        ALOFT_ASSIGN(auto shown, ShowRole(reader, item.entity));
        out.role_detail_list->push_back(std::move(shown));
      } else {
        ALOFT_ASSIGN(auto shown, ShowManaged(reader, session.account, item));
        out.policies->push_back(std::move(shown));
      }
    }
    return out;
  });
}

}  // namespace aloft::credentials
