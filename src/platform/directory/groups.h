// IAM's operations on groups. Thread-safe; each call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/groups.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class Groups {
 public:
  explicit Groups(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateGroupResponse> CreateGroup(const Session&, const shapes::iam::CreateGroupRequest&);
  Result<shapes::iam::GetGroupResponse> GetGroup(const Session&, const shapes::iam::GetGroupRequest&);
  Status UpdateGroup(const Session&, const shapes::iam::UpdateGroupRequest&);
  Status DeleteGroup(const Session&, const shapes::iam::DeleteGroupRequest&);
  Result<shapes::iam::ListGroupsResponse> ListGroups(const Session&, const shapes::iam::ListGroupsRequest&);

  Status AddUserToGroup(const Session&, const shapes::iam::AddUserToGroupRequest&);
  Status RemoveUserFromGroup(const Session&, const shapes::iam::RemoveUserFromGroupRequest&);
  Result<shapes::iam::ListGroupsForUserResponse> ListGroupsForUser(const Session&,
                                                                   const shapes::iam::ListGroupsForUserRequest&);

  Status AttachGroupPolicy(const Session&, const shapes::iam::AttachGroupPolicyRequest&);
  Status DetachGroupPolicy(const Session&, const shapes::iam::DetachGroupPolicyRequest&);
  Result<shapes::iam::ListAttachedGroupPoliciesResponse> ListAttachedGroupPolicies(
      const Session&, const shapes::iam::ListAttachedGroupPoliciesRequest&);
  Status PutGroupPolicy(const Session&, const shapes::iam::PutGroupPolicyRequest&);
  Result<shapes::iam::GetGroupPolicyResponse> GetGroupPolicy(const Session&, const shapes::iam::GetGroupPolicyRequest&);
  Status DeleteGroupPolicy(const Session&, const shapes::iam::DeleteGroupPolicyRequest&);
  Result<shapes::iam::ListGroupPoliciesResponse> ListGroupPolicies(const Session&,
                                                                   const shapes::iam::ListGroupPoliciesRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::directory
