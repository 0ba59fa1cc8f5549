#include "platform/directory/groups.h"

#include "platform/directory/common.h"

namespace aloft::directory {

using namespace identity;     // NOLINT(google-build-using-namespace): the vocabulary of the room below
using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::Session;

namespace {

constexpr std::size_t kMaxGroupsOfUser = 10;

Attachments Of(Service::State& state, const Session& session, const std::optional<std::string>& group) {
  return Attachments(state, session.account, EntityKind::kGroup, group.value_or(""));
}

Group Show(const Entity& group) {
  return {.path = group.path,
          .group_name = group.name,
          .group_id = group.id,
          .arn = group.Arn(),
          .create_date = group.created};
}

}  // namespace

Result<CreateGroupResponse> Groups::CreateGroup(const Session& session, const CreateGroupRequest& in) {
  Entity group;
  group.account = session.account;
  group.kind = EntityKind::kGroup;
  group.name = in.group_name.value_or("");
  group.path = in.path.value_or("/");
  group.id = NewEntityId(state_.random, "AGPA");
  group.created = state_.clock.Now();
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateGroupResponse> {
    ALOFT_TRY(InsertNew(t, group));
    return CreateGroupResponse{.group = Show(group)};
  });
}

Result<GetGroupResponse> Groups::GetGroup(const Session& session, const GetGroupRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<GetGroupResponse> {
    ALOFT_ASSIGN(const Entity group, Require(reader, session.account, EntityKind::kGroup, in.group_name.value_or("")));
    ALOFT_ASSIGN(auto members, records::ListMembers(reader, group));
    const auto cut = CutPage(std::move(members), paging.page, [](const Entity& user) { return ToLower(user.name); });
    GetGroupResponse out;
    SetPage(out, cut);
    out.group = Show(group);
    out.users.emplace();
    for (const Entity& user : cut.items) out.users->push_back(ShowUser(user));
    return out;
  });
}

Status Groups::UpdateGroup(const Session& session, const UpdateGroupRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity group, Require(t, session.account, EntityKind::kGroup, in.group_name.value_or("")));
    const std::string old_name = group.name;
    group.path = in.new_path.value_or(group.path);
    group.name = in.new_group_name.value_or(group.name);
    if (ToLower(group.name) != ToLower(old_name)) {
      ALOFT_ASSIGN(const auto taken, records::Find(t, session.account, EntityKind::kGroup, group.name));
      if (taken) return Fail(kEntityAlreadyExists, "Group with name " + group.name + " already exists.");
    }
    return records::Update(t, old_name, group);
  });
}

Status Groups::DeleteGroup(const Session& session, const DeleteGroupRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity group, Require(t, session.account, EntityKind::kGroup, in.group_name.value_or("")));
    const auto must = [](const char* what) {
      return Fail(kDeleteConflict, std::string("Cannot delete entity, must ") + what + " first.");
    };
    ALOFT_ASSIGN(const auto members, records::ListMembers(t, group));
    if (!members.empty()) return must("remove users from group");
    ALOFT_ASSIGN(const auto attached, records::ListAttached(t, group));
    if (!attached.empty()) return must("detach all policies");
    ALOFT_ASSIGN(const auto inlined, records::ListInline(t, group));
    if (!inlined.empty()) return must("delete policies");
    return records::Delete(t, session.account, EntityKind::kGroup, group.name);
  });
}

Result<ListGroupsResponse> Groups::ListGroups(const Session& session, const ListGroupsRequest& in) {
  ALOFT_ASSIGN(const auto cut,
               ListPage(state_, session.account, EntityKind::kGroup, in.path_prefix, in.marker, in.max_items));
  ListGroupsResponse out;
  SetPage(out, cut);
  out.groups.emplace();
  for (const Entity& group : cut.items) out.groups->push_back(Show(group));
  return out;
}

Status Groups::AddUserToGroup(const Session& session, const AddUserToGroupRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity group, Require(t, session.account, EntityKind::kGroup, in.group_name.value_or("")));
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    ALOFT_ASSIGN(const auto groups, records::ListGroupsOf(t, user));
    for (const Entity& other : groups)
      if (other.id == group.id) return {};
    if (groups.size() >= kMaxGroupsOfUser) return Fail(kLimitExceeded, "Cannot exceed quota for GroupsPerUser: 10");
    ALOFT_TRY(records::AddMember(t, group, user));
    return {};
  });
}

Status Groups::RemoveUserFromGroup(const Session& session, const RemoveUserFromGroupRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity group, Require(t, session.account, EntityKind::kGroup, in.group_name.value_or("")));
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    ALOFT_TRY(records::RemoveMember(t, group, user));
    return {};
  });
}

Result<ListGroupsForUserResponse> Groups::ListGroupsForUser(const Session& session,
                                                            const ListGroupsForUserRequest& in) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(in.marker, in.max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<ListGroupsForUserResponse> {
    ALOFT_ASSIGN(const Entity user, Require(reader, session.account, EntityKind::kUser, in.user_name.value_or("")));
    ALOFT_ASSIGN(auto groups, records::ListGroupsOf(reader, user));
    const auto cut = CutPage(std::move(groups), paging.page, [](const Entity& group) { return ToLower(group.name); });
    ListGroupsForUserResponse out;
    SetPage(out, cut);
    out.groups.emplace();
    for (const Entity& group : cut.items) out.groups->push_back(Show(group));
    return out;
  });
}

Status Groups::AttachGroupPolicy(const Session& session, const AttachGroupPolicyRequest& in) {
  return Of(state_, session, in.group_name).Attach(in.policy_arn.value_or(""));
}
Status Groups::DetachGroupPolicy(const Session& session, const DetachGroupPolicyRequest& in) {
  return Of(state_, session, in.group_name).Detach(in.policy_arn.value_or(""));
}
Result<ListAttachedGroupPoliciesResponse> Groups::ListAttachedGroupPolicies(
    const Session& session, const ListAttachedGroupPoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.group_name).ListAttached(in.path_prefix, in.marker, in.max_items));
  ListAttachedGroupPoliciesResponse out;
  SetPage(out, cut);
  out.attached_policies = std::move(cut.items);
  return out;
}
Status Groups::PutGroupPolicy(const Session& session, const PutGroupPolicyRequest& in) {
  return Of(state_, session, in.group_name).PutInline(in.policy_name.value_or(""), in.policy_document.value_or(""));
}
Result<GetGroupPolicyResponse> Groups::GetGroupPolicy(const Session& session, const GetGroupPolicyRequest& in) {
  ALOFT_ASSIGN(const std::string document, Of(state_, session, in.group_name).GetInline(in.policy_name.value_or("")));
  return GetGroupPolicyResponse{
      .group_name = in.group_name, .policy_name = in.policy_name, .policy_document = ShowDocument(document)};
}
Status Groups::DeleteGroupPolicy(const Session& session, const DeleteGroupPolicyRequest& in) {
  return Of(state_, session, in.group_name).DeleteInline(in.policy_name.value_or(""));
}
Result<ListGroupPoliciesResponse> Groups::ListGroupPolicies(const Session& session,
                                                            const ListGroupPoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.group_name).ListInline(in.marker, in.max_items));
  ListGroupPoliciesResponse out;
  SetPage(out, cut);
  out.policy_names = std::move(cut.items);
  return out;
}

}  // namespace aloft::directory
