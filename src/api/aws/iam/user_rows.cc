#include "api/aws/iam/rows.h"
#include "platform/directory/users.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

void AddUserRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto users = std::make_shared<directory::Users>(identity);
  const auto own = [&identity](const Call& call, const auto& in) {
    // Without a name the caller means itself.
    return ArnOf(identity, call, EntityKind::kUser, in.user_name.value_or(call.session.user_name));
  };
  const auto created = [&identity](const Call& call, const CreateUserRequest& in) {
    return ArnOf(identity, call, EntityKind::kUser, in.user_name.value_or(""), in.path.value_or("/"));
  };
  const auto all = [](const Call& call, const ListUsersRequest& in) {
    return ArnOfAll(call, EntityKind::kUser, in.path_prefix.value_or("/"));
  };
  const auto any = [](const Call&, const auto&) { return std::string("*"); };
  rows.push_back(MakeIamRow<CreateUserRequest, CreateUserResponse>(
      "CreateUser", created, [users](const auto& session, const auto& in) { return users->CreateUser(session, in); }));
  rows.push_back(MakeIamRow<ListUsersRequest, ListUsersResponse>(
      "ListUsers", all, [users](const auto& session, const auto& in) { return users->ListUsers(session, in); }));
  rows.push_back(MakeIamRow<GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse>(
      "GetAccessKeyLastUsed", any,
      [users](const auto& session, const auto& in) { return users->GetAccessKeyLastUsed(session, in); }));
  rows.push_back(MakeIamRow<GetUserRequest, GetUserResponse>(
      "GetUser", own, [users](const auto& session, const auto& in) { return users->GetUser(session, in); }));
  rows.push_back(MakeIamRow<UpdateUserRequest, UpdateUserResponse>(
      "UpdateUser", own, [users](const auto& session, const auto& in) { return users->UpdateUser(session, in); }));
  rows.push_back(MakeIamRow<DeleteUserRequest, DeleteUserResponse>(
      "DeleteUser", own, [users](const auto& session, const auto& in) { return users->DeleteUser(session, in); }));
  rows.push_back(MakeIamRow<TagUserRequest, TagUserResponse>(
      "TagUser", own, [users](const auto& session, const auto& in) { return users->TagUser(session, in); }));
  rows.push_back(MakeIamRow<UntagUserRequest, UntagUserResponse>(
      "UntagUser", own, [users](const auto& session, const auto& in) { return users->UntagUser(session, in); }));
  rows.push_back(MakeIamRow<ListUserTagsRequest, ListUserTagsResponse>(
      "ListUserTags", own, [users](const auto& session, const auto& in) { return users->ListUserTags(session, in); }));
  rows.push_back(MakeIamRow<AttachUserPolicyRequest, AttachUserPolicyResponse>(
      "AttachUserPolicy", own,
      [users](const auto& session, const auto& in) { return users->AttachUserPolicy(session, in); }));
  rows.push_back(MakeIamRow<DetachUserPolicyRequest, DetachUserPolicyResponse>(
      "DetachUserPolicy", own,
      [users](const auto& session, const auto& in) { return users->DetachUserPolicy(session, in); }));
  rows.push_back(MakeIamRow<ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse>(
      "ListAttachedUserPolicies", own,
      [users](const auto& session, const auto& in) { return users->ListAttachedUserPolicies(session, in); }));
  rows.push_back(MakeIamRow<PutUserPolicyRequest, PutUserPolicyResponse>(
      "PutUserPolicy", own,
      [users](const auto& session, const auto& in) { return users->PutUserPolicy(session, in); }));
  rows.push_back(MakeIamRow<GetUserPolicyRequest, GetUserPolicyResponse>(
      "GetUserPolicy", own,
      [users](const auto& session, const auto& in) { return users->GetUserPolicy(session, in); }));
  rows.push_back(MakeIamRow<DeleteUserPolicyRequest, DeleteUserPolicyResponse>(
      "DeleteUserPolicy", own,
      [users](const auto& session, const auto& in) { return users->DeleteUserPolicy(session, in); }));
  rows.push_back(MakeIamRow<ListUserPoliciesRequest, ListUserPoliciesResponse>(
      "ListUserPolicies", own,
      [users](const auto& session, const auto& in) { return users->ListUserPolicies(session, in); }));
  rows.push_back(MakeIamRow<PutUserPermissionsBoundaryRequest, PutUserPermissionsBoundaryResponse>(
      "PutUserPermissionsBoundary", own,
      [users](const auto& session, const auto& in) { return users->PutUserPermissionsBoundary(session, in); }));
  rows.push_back(MakeIamRow<DeleteUserPermissionsBoundaryRequest, DeleteUserPermissionsBoundaryResponse>(
      "DeleteUserPermissionsBoundary", own,
      [users](const auto& session, const auto& in) { return users->DeleteUserPermissionsBoundary(session, in); }));
  rows.push_back(MakeIamRow<CreateAccessKeyRequest, CreateAccessKeyResponse>(
      "CreateAccessKey", own,
      [users](const auto& session, const auto& in) { return users->CreateAccessKey(session, in); }));
  rows.push_back(MakeIamRow<UpdateAccessKeyRequest, UpdateAccessKeyResponse>(
      "UpdateAccessKey", own,
      [users](const auto& session, const auto& in) { return users->UpdateAccessKey(session, in); }));
  rows.push_back(MakeIamRow<DeleteAccessKeyRequest, DeleteAccessKeyResponse>(
      "DeleteAccessKey", own,
      [users](const auto& session, const auto& in) { return users->DeleteAccessKey(session, in); }));
  rows.push_back(MakeIamRow<ListAccessKeysRequest, ListAccessKeysResponse>(
      "ListAccessKeys", own,
      [users](const auto& session, const auto& in) { return users->ListAccessKeys(session, in); }));
}

}  // namespace aloft::api::iam_rows
