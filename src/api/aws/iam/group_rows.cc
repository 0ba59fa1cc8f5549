#include "api/aws/iam/rows.h"
#include "platform/directory/groups.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

void AddGroupRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto groups = std::make_shared<directory::Groups>(identity);
  const auto named = [&identity](const Call& call, const auto& in) {
    return ArnOf(identity, call, EntityKind::kGroup, in.group_name.value_or(""));
  };
  const auto created = [&identity](const Call& call, const CreateGroupRequest& in) {
    return ArnOf(identity, call, EntityKind::kGroup, in.group_name.value_or(""), in.path.value_or("/"));
  };
  const auto all = [](const Call& call, const ListGroupsRequest& in) {
    return ArnOfAll(call, EntityKind::kGroup, in.path_prefix.value_or("/"));
  };
  const auto user = [&identity](const Call& call, const ListGroupsForUserRequest& in) {
    return ArnOf(identity, call, EntityKind::kUser, in.user_name.value_or(""));
  };
  rows.push_back(MakeIamRow<CreateGroupRequest, CreateGroupResponse>(
      "CreateGroup", created,
      [groups](const auto& session, const auto& in) { return groups->CreateGroup(session, in); }));
  rows.push_back(MakeIamRow<ListGroupsRequest, ListGroupsResponse>(
      "ListGroups", all, [groups](const auto& session, const auto& in) { return groups->ListGroups(session, in); }));
  rows.push_back(MakeIamRow<ListGroupsForUserRequest, ListGroupsForUserResponse>(
      "ListGroupsForUser", user,
      [groups](const auto& session, const auto& in) { return groups->ListGroupsForUser(session, in); }));
  rows.push_back(MakeIamRow<GetGroupRequest, GetGroupResponse>(
      "GetGroup", named, [groups](const auto& session, const auto& in) { return groups->GetGroup(session, in); }));
  rows.push_back(MakeIamRow<UpdateGroupRequest, UpdateGroupResponse>(
      "UpdateGroup", named,
      [groups](const auto& session, const auto& in) { return groups->UpdateGroup(session, in); }));
  rows.push_back(MakeIamRow<DeleteGroupRequest, DeleteGroupResponse>(
      "DeleteGroup", named,
      [groups](const auto& session, const auto& in) { return groups->DeleteGroup(session, in); }));
  rows.push_back(MakeIamRow<AddUserToGroupRequest, AddUserToGroupResponse>(
      "AddUserToGroup", named,
      [groups](const auto& session, const auto& in) { return groups->AddUserToGroup(session, in); }));
  rows.push_back(MakeIamRow<RemoveUserFromGroupRequest, RemoveUserFromGroupResponse>(
      "RemoveUserFromGroup", named,
      [groups](const auto& session, const auto& in) { return groups->RemoveUserFromGroup(session, in); }));
  rows.push_back(MakeIamRow<AttachGroupPolicyRequest, AttachGroupPolicyResponse>(
      "AttachGroupPolicy", named,
      [groups](const auto& session, const auto& in) { return groups->AttachGroupPolicy(session, in); }));
  rows.push_back(MakeIamRow<DetachGroupPolicyRequest, DetachGroupPolicyResponse>(
      "DetachGroupPolicy", named,
      [groups](const auto& session, const auto& in) { return groups->DetachGroupPolicy(session, in); }));
  rows.push_back(MakeIamRow<ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse>(
      "ListAttachedGroupPolicies", named,
      [groups](const auto& session, const auto& in) { return groups->ListAttachedGroupPolicies(session, in); }));
  rows.push_back(MakeIamRow<PutGroupPolicyRequest, PutGroupPolicyResponse>(
      "PutGroupPolicy", named,
      [groups](const auto& session, const auto& in) { return groups->PutGroupPolicy(session, in); }));
  rows.push_back(MakeIamRow<GetGroupPolicyRequest, GetGroupPolicyResponse>(
      "GetGroupPolicy", named,
      [groups](const auto& session, const auto& in) { return groups->GetGroupPolicy(session, in); }));
  rows.push_back(MakeIamRow<DeleteGroupPolicyRequest, DeleteGroupPolicyResponse>(
      "DeleteGroupPolicy", named,
      [groups](const auto& session, const auto& in) { return groups->DeleteGroupPolicy(session, in); }));
  rows.push_back(MakeIamRow<ListGroupPoliciesRequest, ListGroupPoliciesResponse>(
      "ListGroupPolicies", named,
      [groups](const auto& session, const auto& in) { return groups->ListGroupPolicies(session, in); }));
}

}  // namespace aloft::api::iam_rows
