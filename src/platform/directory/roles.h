// IAM's operations on roles and instance profiles. Thread-safe; each call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/roles.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class Roles {
 public:
  explicit Roles(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateRoleResponse> CreateRole(const Session&, const shapes::iam::CreateRoleRequest&);
  Result<shapes::iam::CreateServiceLinkedRoleResponse> CreateServiceLinkedRole(
      const Session&, const shapes::iam::CreateServiceLinkedRoleRequest&);
  Result<shapes::iam::GetRoleResponse> GetRole(const Session&, const shapes::iam::GetRoleRequest&);
  Status UpdateRole(const Session&, const shapes::iam::UpdateRoleRequest&);
  Status UpdateAssumeRolePolicy(const Session&, const shapes::iam::UpdateAssumeRolePolicyRequest&);
  Result<shapes::iam::UpdateRoleDescriptionResponse> UpdateRoleDescription(
      const Session&, const shapes::iam::UpdateRoleDescriptionRequest&);
  Result<shapes::iam::DeleteServiceLinkedRoleResponse> DeleteServiceLinkedRole(
      const Session&, const shapes::iam::DeleteServiceLinkedRoleRequest&);
  Result<shapes::iam::GetServiceLinkedRoleDeletionStatusResponse> GetServiceLinkedRoleDeletionStatus(
      const Session&, const shapes::iam::GetServiceLinkedRoleDeletionStatusRequest&);
  Status DeleteRole(const Session&, const shapes::iam::DeleteRoleRequest&);
  Result<shapes::iam::ListRolesResponse> ListRoles(const Session&, const shapes::iam::ListRolesRequest&);

  Status TagRole(const Session&, const shapes::iam::TagRoleRequest&);
  Status UntagRole(const Session&, const shapes::iam::UntagRoleRequest&);
  Result<shapes::iam::ListRoleTagsResponse> ListRoleTags(const Session&, const shapes::iam::ListRoleTagsRequest&);

  Status AttachRolePolicy(const Session&, const shapes::iam::AttachRolePolicyRequest&);
  Status DetachRolePolicy(const Session&, const shapes::iam::DetachRolePolicyRequest&);
  Result<shapes::iam::ListAttachedRolePoliciesResponse> ListAttachedRolePolicies(
      const Session&, const shapes::iam::ListAttachedRolePoliciesRequest&);
  Status PutRolePolicy(const Session&, const shapes::iam::PutRolePolicyRequest&);
  Result<shapes::iam::GetRolePolicyResponse> GetRolePolicy(const Session&, const shapes::iam::GetRolePolicyRequest&);
  Status DeleteRolePolicy(const Session&, const shapes::iam::DeleteRolePolicyRequest&);
  Result<shapes::iam::ListRolePoliciesResponse> ListRolePolicies(const Session&,
                                                                 const shapes::iam::ListRolePoliciesRequest&);
  Status PutRolePermissionsBoundary(const Session&, const shapes::iam::PutRolePermissionsBoundaryRequest&);
  Status DeleteRolePermissionsBoundary(const Session&, const shapes::iam::DeleteRolePermissionsBoundaryRequest&);

 private:
  identity::Service::State& state_;
};

class InstanceProfiles {
 public:
  explicit InstanceProfiles(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateInstanceProfileResponse> CreateInstanceProfile(
      const Session&, const shapes::iam::CreateInstanceProfileRequest&);
  Result<shapes::iam::GetInstanceProfileResponse> GetInstanceProfile(const Session&,
                                                                     const shapes::iam::GetInstanceProfileRequest&);
  Status DeleteInstanceProfile(const Session&, const shapes::iam::DeleteInstanceProfileRequest&);
  Result<shapes::iam::ListInstanceProfilesResponse> ListInstanceProfiles(
      const Session&, const shapes::iam::ListInstanceProfilesRequest&);
  Result<shapes::iam::ListInstanceProfilesForRoleResponse> ListInstanceProfilesForRole(
      const Session&, const shapes::iam::ListInstanceProfilesForRoleRequest&);
  Status AddRoleToInstanceProfile(const Session&, const shapes::iam::AddRoleToInstanceProfileRequest&);
  Status RemoveRoleFromInstanceProfile(const Session&, const shapes::iam::RemoveRoleFromInstanceProfileRequest&);

  Status TagInstanceProfile(const Session&, const shapes::iam::TagInstanceProfileRequest&);
  Status UntagInstanceProfile(const Session&, const shapes::iam::UntagInstanceProfileRequest&);
  Result<shapes::iam::ListInstanceProfileTagsResponse> ListInstanceProfileTags(
      const Session&, const shapes::iam::ListInstanceProfileTagsRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::directory
