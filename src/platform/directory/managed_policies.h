// IAM's operations on managed policies and their versions. Thread-safe; each call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/policies.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class ManagedPolicies {
 public:
  explicit ManagedPolicies(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::iam::CreatePolicyResponse> CreatePolicy(const Session&, const shapes::iam::CreatePolicyRequest&);
  Result<shapes::iam::GetPolicyResponse> GetPolicy(const Session&, const shapes::iam::GetPolicyRequest&);
  Status DeletePolicy(const Session&, const shapes::iam::DeletePolicyRequest&);
  Result<shapes::iam::ListPoliciesResponse> ListPolicies(const Session&, const shapes::iam::ListPoliciesRequest&);
  Result<shapes::iam::ListEntitiesForPolicyResponse> ListEntitiesForPolicy(
      const Session&, const shapes::iam::ListEntitiesForPolicyRequest&);

  Result<shapes::iam::CreatePolicyVersionResponse> CreatePolicyVersion(const Session&,
                                                                       const shapes::iam::CreatePolicyVersionRequest&);
  Result<shapes::iam::GetPolicyVersionResponse> GetPolicyVersion(const Session&,
                                                                 const shapes::iam::GetPolicyVersionRequest&);
  Status DeletePolicyVersion(const Session&, const shapes::iam::DeletePolicyVersionRequest&);
  Status SetDefaultPolicyVersion(const Session&, const shapes::iam::SetDefaultPolicyVersionRequest&);
  Result<shapes::iam::ListPolicyVersionsResponse> ListPolicyVersions(const Session&,
                                                                     const shapes::iam::ListPolicyVersionsRequest&);

  Status TagPolicy(const Session&, const shapes::iam::TagPolicyRequest&);
  Status UntagPolicy(const Session&, const shapes::iam::UntagPolicyRequest&);
  Result<shapes::iam::ListPolicyTagsResponse> ListPolicyTags(const Session&, const shapes::iam::ListPolicyTagsRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::directory
