#include "api/aws/iam/rows.h"
#include "platform/directory/roles.h"

namespace aloft::api::iam_rows {

using namespace shapes::iam;  // NOLINT(google-build-using-namespace): the vocabulary of the API
using identity::EntityKind;

void AddRoleRows(identity::Service& identity, std::vector<Row>& rows) {
  const auto roles = std::make_shared<directory::Roles>(identity);
  const auto profiles = std::make_shared<directory::InstanceProfiles>(identity);
  const auto named = [&identity](const Call& call, const auto& in) {
    return ArnOf(identity, call, EntityKind::kRole, in.role_name.value_or(""));
  };
  const auto created = [&identity](const Call& call, const CreateRoleRequest& in) {
    return ArnOf(identity, call, EntityKind::kRole, in.role_name.value_or(""), in.path.value_or("/"));
  };
  const auto linked = [](const Call& call, const CreateServiceLinkedRoleRequest& in) {
    return ArnOfAll(call, EntityKind::kRole, "/aws-service-role/" + in.aws_service_name.value_or("") + "/*");
  };
  const auto all = [](const Call& call, const ListRolesRequest& in) {
    return ArnOfAll(call, EntityKind::kRole, in.path_prefix.value_or("/"));
  };
  const auto profile = [&identity](const Call& call, const auto& in) {
    return ArnOf(identity, call, EntityKind::kInstanceProfile, in.instance_profile_name.value_or(""));
  };
  const auto new_profile = [&identity](const Call& call, const CreateInstanceProfileRequest& in) {
    return ArnOf(identity, call, EntityKind::kInstanceProfile, in.instance_profile_name.value_or(""),
                 in.path.value_or("/"));
  };
  const auto all_profiles = [](const Call& call, const ListInstanceProfilesRequest& in) {
    return ArnOfAll(call, EntityKind::kInstanceProfile, in.path_prefix.value_or("/"));
  };
  rows.push_back(MakeIamRow<CreateRoleRequest, CreateRoleResponse>(
      "CreateRole", created, [roles](const auto& session, const auto& in) { return roles->CreateRole(session, in); }));
  rows.push_back(MakeIamRow<CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse>(
      "CreateServiceLinkedRole", linked,
      [roles](const auto& session, const auto& in) { return roles->CreateServiceLinkedRole(session, in); }));
  rows.push_back(MakeIamRow<ListRolesRequest, ListRolesResponse>(
      "ListRoles", all, [roles](const auto& session, const auto& in) { return roles->ListRoles(session, in); }));
  rows.push_back(MakeIamRow<GetRoleRequest, GetRoleResponse>(
      "GetRole", named, [roles](const auto& session, const auto& in) { return roles->GetRole(session, in); }));
  rows.push_back(MakeIamRow<UpdateRoleRequest, UpdateRoleResponse>(
      "UpdateRole", named, [roles](const auto& session, const auto& in) { return roles->UpdateRole(session, in); }));
  rows.push_back(MakeIamRow<UpdateAssumeRolePolicyRequest, UpdateAssumeRolePolicyResponse>(
      "UpdateAssumeRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->UpdateAssumeRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<DeleteRoleRequest, DeleteRoleResponse>(
      "DeleteRole", named, [roles](const auto& session, const auto& in) { return roles->DeleteRole(session, in); }));
  rows.push_back(MakeIamRow<TagRoleRequest, TagRoleResponse>(
      "TagRole", named, [roles](const auto& session, const auto& in) { return roles->TagRole(session, in); }));
  rows.push_back(MakeIamRow<UntagRoleRequest, UntagRoleResponse>(
      "UntagRole", named, [roles](const auto& session, const auto& in) { return roles->UntagRole(session, in); }));
  rows.push_back(MakeIamRow<ListRoleTagsRequest, ListRoleTagsResponse>(
      "ListRoleTags", named,
      [roles](const auto& session, const auto& in) { return roles->ListRoleTags(session, in); }));
  rows.push_back(MakeIamRow<AttachRolePolicyRequest, AttachRolePolicyResponse>(
      "AttachRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->AttachRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<DetachRolePolicyRequest, DetachRolePolicyResponse>(
      "DetachRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->DetachRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse>(
      "ListAttachedRolePolicies", named,
      [roles](const auto& session, const auto& in) { return roles->ListAttachedRolePolicies(session, in); }));
  rows.push_back(MakeIamRow<PutRolePolicyRequest, PutRolePolicyResponse>(
      "PutRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->PutRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<GetRolePolicyRequest, GetRolePolicyResponse>(
      "GetRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->GetRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<DeleteRolePolicyRequest, DeleteRolePolicyResponse>(
      "DeleteRolePolicy", named,
      [roles](const auto& session, const auto& in) { return roles->DeleteRolePolicy(session, in); }));
  rows.push_back(MakeIamRow<ListRolePoliciesRequest, ListRolePoliciesResponse>(
      "ListRolePolicies", named,
      [roles](const auto& session, const auto& in) { return roles->ListRolePolicies(session, in); }));
  rows.push_back(MakeIamRow<PutRolePermissionsBoundaryRequest, PutRolePermissionsBoundaryResponse>(
      "PutRolePermissionsBoundary", named,
      [roles](const auto& session, const auto& in) { return roles->PutRolePermissionsBoundary(session, in); }));
  rows.push_back(MakeIamRow<DeleteRolePermissionsBoundaryRequest, DeleteRolePermissionsBoundaryResponse>(
      "DeleteRolePermissionsBoundary", named,
      [roles](const auto& session, const auto& in) { return roles->DeleteRolePermissionsBoundary(session, in); }));
  rows.push_back(MakeIamRow<CreateInstanceProfileRequest, CreateInstanceProfileResponse>(
      "CreateInstanceProfile", new_profile,
      [profiles](const auto& session, const auto& in) { return profiles->CreateInstanceProfile(session, in); }));
  rows.push_back(MakeIamRow<ListInstanceProfilesRequest, ListInstanceProfilesResponse>(
      "ListInstanceProfiles", all_profiles,
      [profiles](const auto& session, const auto& in) { return profiles->ListInstanceProfiles(session, in); }));
  rows.push_back(MakeIamRow<ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse>(
      "ListInstanceProfilesForRole", named,
      [profiles](const auto& session, const auto& in) { return profiles->ListInstanceProfilesForRole(session, in); }));
  rows.push_back(MakeIamRow<GetInstanceProfileRequest, GetInstanceProfileResponse>(
      "GetInstanceProfile", profile,
      [profiles](const auto& session, const auto& in) { return profiles->GetInstanceProfile(session, in); }));
  rows.push_back(MakeIamRow<DeleteInstanceProfileRequest, DeleteInstanceProfileResponse>(
      "DeleteInstanceProfile", profile,
      [profiles](const auto& session, const auto& in) { return profiles->DeleteInstanceProfile(session, in); }));
  rows.push_back(MakeIamRow<RemoveRoleFromInstanceProfileRequest, RemoveRoleFromInstanceProfileResponse>(
      "RemoveRoleFromInstanceProfile", profile, [profiles](const auto& session, const auto& in) {
        return profiles->RemoveRoleFromInstanceProfile(session, in);
      }));
  // Whoever fills an instance profile passes its role to EC2.
  rows.push_back(MakeRow<AddRoleToInstanceProfileRequest, AddRoleToInstanceProfileResponse>(
      shapes::iam::kModel, "AddRoleToInstanceProfile",
      [profile, named](const Call& call, const AddRoleToInstanceProfileRequest& in) -> std::vector<Permission> {
        return {{"iam:AddRoleToInstanceProfile", profile(call, in), {}},
                {"iam:PassRole", named(call, in), {{"iam:passedtoservice", {"ec2.amazonaws.com"}}}}};
      },
      [profiles](const Call& call, const Authorized&, const AddRoleToInstanceProfileRequest& in) {
        return profiles->AddRoleToInstanceProfile(call.session, in);
      }));
  rows.push_back(MakeIamRow<UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse>(
      "UpdateRoleDescription", named,
      [roles](const auto& session, const auto& in) { return roles->UpdateRoleDescription(session, in); }));
  rows.push_back(MakeIamRow<DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse>(
      "DeleteServiceLinkedRole", named,
      [roles](const auto& session, const auto& in) { return roles->DeleteServiceLinkedRole(session, in); }));
  const auto deletion = [](const Call& call, const GetServiceLinkedRoleDeletionStatusRequest&) {
    return ArnOfAll(call, EntityKind::kRole, "/aws-service-role/*");
  };
  rows.push_back(MakeIamRow<GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse>(
      "GetServiceLinkedRoleDeletionStatus", deletion,
      [roles](const auto& session, const auto& in) { return roles->GetServiceLinkedRoleDeletionStatus(session, in); }));
  rows.push_back(MakeIamRow<TagInstanceProfileRequest, TagInstanceProfileResponse>(
      "TagInstanceProfile", profile,
      [profiles](const auto& session, const auto& in) { return profiles->TagInstanceProfile(session, in); }));
  rows.push_back(MakeIamRow<UntagInstanceProfileRequest, UntagInstanceProfileResponse>(
      "UntagInstanceProfile", profile,
      [profiles](const auto& session, const auto& in) { return profiles->UntagInstanceProfile(session, in); }));
  rows.push_back(MakeIamRow<ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse>(
      "ListInstanceProfileTags", profile,
      [profiles](const auto& session, const auto& in) { return profiles->ListInstanceProfileTags(session, in); }));
}

}  // namespace aloft::api::iam_rows
