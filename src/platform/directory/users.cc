#include "platform/directory/users.h"

#include "platform/directory/common.h"
#include "platform/factors/records.h"

namespace aloft::directory {

using namespace identity;     // NOLINT(google-build-using-namespace): the vocabulary of the room below
using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::Session;

namespace {

Attachments Of(Service::State& state, const Session& session, const std::optional<std::string>& user) {
  return Attachments(state, session.account, EntityKind::kUser, user.value_or(""));
}

}  // namespace

Result<CreateUserResponse> Users::CreateUser(const Session& session, const CreateUserRequest& in) {
  Entity user;
  user.account = session.account;
  user.kind = EntityKind::kUser;
  user.name = in.user_name.value_or("");
  user.path = in.path.value_or("/");
  user.id = NewEntityId(state_.random, "AIDA");
  user.created = state_.clock.Now();
  user.boundary = in.permissions_boundary.value_or("");
  ALOFT_ASSIGN(user.tags, ReadTags(in.tags));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<CreateUserResponse> {
    if (!user.boundary.empty()) ALOFT_TRY(RequireManaged(t, session.account, user.boundary));
    ALOFT_TRY(InsertNew(t, user));
    return CreateUserResponse{.user = ShowUser(user)};
  });
}

Result<GetUserResponse> Users::GetUser(const Session& session, const GetUserRequest& in) {
  if (!in.user_name && session.kind == PrincipalKind::kRoot)
    return GetUserResponse{.user = User{.user_id = session.account.value(), .arn = session.arn}};
  ALOFT_ASSIGN(const std::string name, UserNameOr(in.user_name, session));
  return state_.database.Read([&](sql::Reader& reader) -> Result<GetUserResponse> {
    ALOFT_ASSIGN(const Entity user, Require(reader, session.account, EntityKind::kUser, name));
    User shown = ShowUser(user);
    ALOFT_ASSIGN(const auto login, factors::records::FindLogin(reader, session.account, user.id));
    if (login && login->last_used != Time{}) shown.password_last_used = login->last_used;
    return GetUserResponse{.user = std::move(shown)};
  });
}

Status Users::UpdateUser(const Session& session, const UpdateUserRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    const std::string old_name = user.name;
    user.path = in.new_path.value_or(user.path);
    user.name = in.new_user_name.value_or(user.name);
    if (ToLower(user.name) != ToLower(old_name)) {
      ALOFT_ASSIGN(const auto taken, records::Find(t, session.account, EntityKind::kUser, user.name));
      if (taken) return Fail(kEntityAlreadyExists, "User with name " + user.name + " already exists.");
    }
    return records::Update(t, old_name, user);
  });
}

Status Users::DeleteUser(const Session& session, const DeleteUserRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity user, Require(t, session.account, EntityKind::kUser, in.user_name.value_or("")));
    const auto must = [](const char* what) {
      return Fail(kDeleteConflict, std::string("Cannot delete entity, must ") + what + " first.");
    };
    ALOFT_ASSIGN(const auto keys, records::ListKeys(t, user));
    if (!keys.empty()) return must("delete access keys");
    ALOFT_ASSIGN(const auto login, factors::records::FindLogin(t, session.account, user.id));
    if (login) return must("delete login profile");
    ALOFT_ASSIGN(const auto devices, factors::records::ListDevicesOf(t, session.account, user.id));
    if (!devices.empty()) return must("deactivate MFA devices");
    ALOFT_ASSIGN(const auto attached, records::ListAttached(t, user));
    if (!attached.empty()) return must("detach all policies");
    ALOFT_ASSIGN(const auto inlined, records::ListInline(t, user));
    if (!inlined.empty()) return must("delete policies");
    ALOFT_ASSIGN(const auto groups, records::ListGroupsOf(t, user));
    if (!groups.empty()) return must("remove users from group");
    return records::Delete(t, session.account, EntityKind::kUser, user.name);
  });
}

Result<ListUsersResponse> Users::ListUsers(const Session& session, const ListUsersRequest& in) {
  ALOFT_ASSIGN(const auto cut,
               ListPage(state_, session.account, EntityKind::kUser, in.path_prefix, in.marker, in.max_items));
  ListUsersResponse out;
  SetPage(out, cut);
  out.users.emplace();
  for (const Entity& user : cut.items) {
    out.users->push_back(ShowUser(user));
    // Lists leave these out, as AWS's do.
    out.users->back().tags.reset();
    out.users->back().permissions_boundary.reset();
  }
  return out;
}

Status Users::TagUser(const Session& session, const TagUserRequest& in) {
  return Of(state_, session, in.user_name).Tag(in.tags);
}
Status Users::UntagUser(const Session& session, const UntagUserRequest& in) {
  return Of(state_, session, in.user_name).Untag(in.tag_keys.value_or(std::vector<std::string>()));
}
Result<ListUserTagsResponse> Users::ListUserTags(const Session& session, const ListUserTagsRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.user_name).ListTags(in.marker, in.max_items));
  ListUserTagsResponse out;
  SetPage(out, cut);
  out.tags = std::move(cut.items);
  return out;
}

Status Users::AttachUserPolicy(const Session& session, const AttachUserPolicyRequest& in) {
  return Of(state_, session, in.user_name).Attach(in.policy_arn.value_or(""));
}
Status Users::DetachUserPolicy(const Session& session, const DetachUserPolicyRequest& in) {
  return Of(state_, session, in.user_name).Detach(in.policy_arn.value_or(""));
}
Result<ListAttachedUserPoliciesResponse> Users::ListAttachedUserPolicies(const Session& session,
                                                                         const ListAttachedUserPoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.user_name).ListAttached(in.path_prefix, in.marker, in.max_items));
  ListAttachedUserPoliciesResponse out;
  SetPage(out, cut);
  out.attached_policies = std::move(cut.items);
  return out;
}

Status Users::PutUserPolicy(const Session& session, const PutUserPolicyRequest& in) {
  return Of(state_, session, in.user_name).PutInline(in.policy_name.value_or(""), in.policy_document.value_or(""));
}
Result<GetUserPolicyResponse> Users::GetUserPolicy(const Session& session, const GetUserPolicyRequest& in) {
  ALOFT_ASSIGN(const std::string document, Of(state_, session, in.user_name).GetInline(in.policy_name.value_or("")));
  return GetUserPolicyResponse{
      .user_name = in.user_name, .policy_name = in.policy_name, .policy_document = ShowDocument(document)};
}
Status Users::DeleteUserPolicy(const Session& session, const DeleteUserPolicyRequest& in) {
  return Of(state_, session, in.user_name).DeleteInline(in.policy_name.value_or(""));
}
Result<ListUserPoliciesResponse> Users::ListUserPolicies(const Session& session, const ListUserPoliciesRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.user_name).ListInline(in.marker, in.max_items));
  ListUserPoliciesResponse out;
  SetPage(out, cut);
  out.policy_names = std::move(cut.items);
  return out;
}

Status Users::PutUserPermissionsBoundary(const Session& session, const PutUserPermissionsBoundaryRequest& in) {
  return Of(state_, session, in.user_name).SetBoundary(in.permissions_boundary.value_or(""));
}
Status Users::DeleteUserPermissionsBoundary(const Session& session, const DeleteUserPermissionsBoundaryRequest& in) {
  return Of(state_, session, in.user_name).SetBoundary("");
}

}  // namespace aloft::directory
