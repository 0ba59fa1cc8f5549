// IAM's operations on users, their policies and their access keys. Thread-safe; each call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/users.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class Users {
 public:
  explicit Users(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateUserResponse> CreateUser(const Session&, const shapes::iam::CreateUserRequest&);
  Result<shapes::iam::GetUserResponse> GetUser(const Session&, const shapes::iam::GetUserRequest&);
  Status UpdateUser(const Session&, const shapes::iam::UpdateUserRequest&);
  Status DeleteUser(const Session&, const shapes::iam::DeleteUserRequest&);
  Result<shapes::iam::ListUsersResponse> ListUsers(const Session&, const shapes::iam::ListUsersRequest&);

  Status TagUser(const Session&, const shapes::iam::TagUserRequest&);
  Status UntagUser(const Session&, const shapes::iam::UntagUserRequest&);
  Result<shapes::iam::ListUserTagsResponse> ListUserTags(const Session&, const shapes::iam::ListUserTagsRequest&);

  Status AttachUserPolicy(const Session&, const shapes::iam::AttachUserPolicyRequest&);
  Status DetachUserPolicy(const Session&, const shapes::iam::DetachUserPolicyRequest&);
  Result<shapes::iam::ListAttachedUserPoliciesResponse> ListAttachedUserPolicies(
      const Session&, const shapes::iam::ListAttachedUserPoliciesRequest&);
  Status PutUserPolicy(const Session&, const shapes::iam::PutUserPolicyRequest&);
  Result<shapes::iam::GetUserPolicyResponse> GetUserPolicy(const Session&, const shapes::iam::GetUserPolicyRequest&);
  Status DeleteUserPolicy(const Session&, const shapes::iam::DeleteUserPolicyRequest&);
  Result<shapes::iam::ListUserPoliciesResponse> ListUserPolicies(const Session&,
                                                                 const shapes::iam::ListUserPoliciesRequest&);
  Status PutUserPermissionsBoundary(const Session&, const shapes::iam::PutUserPermissionsBoundaryRequest&);
  Status DeleteUserPermissionsBoundary(const Session&, const shapes::iam::DeleteUserPermissionsBoundaryRequest&);

  // The only answer that holds the secret.
  Result<shapes::iam::CreateAccessKeyResponse> CreateAccessKey(const Session&,
                                                               const shapes::iam::CreateAccessKeyRequest&);
  Status UpdateAccessKey(const Session&, const shapes::iam::UpdateAccessKeyRequest&);
  Status DeleteAccessKey(const Session&, const shapes::iam::DeleteAccessKeyRequest&);
  Result<shapes::iam::ListAccessKeysResponse> ListAccessKeys(const Session&, const shapes::iam::ListAccessKeysRequest&);
  Result<shapes::iam::GetAccessKeyLastUsedResponse> GetAccessKeyLastUsed(
      const Session&, const shapes::iam::GetAccessKeyLastUsedRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::directory
