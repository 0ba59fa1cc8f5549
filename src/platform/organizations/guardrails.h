// Service and resource control policies: what accounts may at most, above their own policies. Thread-safe; each call is
// one transaction. Who decides by them is identity (GuardrailsOver).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "foundation/base/result.h"
#include "generated/shapes/organizations/guardrails.h"
#include "platform/identity/service.h"

namespace aloft::organizations {

class Guardrails {
 public:
  explicit Guardrails(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  // Attaches AWS's policy that allows everything to the root and every account, so that enabling forbids nothing.
  Result<shapes::organizations::EnablePolicyTypeResponse> EnablePolicyType(
      const Session&, const shapes::organizations::EnablePolicyTypeRequest&);
  // Detaches every policy of the type.
  Result<shapes::organizations::DisablePolicyTypeResponse> DisablePolicyType(
      const Session&, const shapes::organizations::DisablePolicyTypeRequest&);

  Result<shapes::organizations::CreatePolicyResponse> CreatePolicy(const Session&,
                                                                   const shapes::organizations::CreatePolicyRequest&);
  Result<shapes::organizations::UpdatePolicyResponse> UpdatePolicy(const Session&,
                                                                   const shapes::organizations::UpdatePolicyRequest&);
  Status DeletePolicy(const Session&, const shapes::organizations::DeletePolicyRequest&);
  Result<shapes::organizations::DescribePolicyResponse> DescribePolicy(
      const Session&, const shapes::organizations::DescribePolicyRequest&);
  Result<shapes::organizations::ListPoliciesResponse> ListPolicies(const Session&,
                                                                   const shapes::organizations::ListPoliciesRequest&);
  Status AttachPolicy(const Session&, const shapes::organizations::AttachPolicyRequest&);
  Status DetachPolicy(const Session&, const shapes::organizations::DetachPolicyRequest&);
  Result<shapes::organizations::ListPoliciesForTargetResponse> ListPoliciesForTarget(
      const Session&, const shapes::organizations::ListPoliciesForTargetRequest&);
  Result<shapes::organizations::ListTargetsForPolicyResponse> ListTargetsForPolicy(
      const Session&, const shapes::organizations::ListTargetsForPolicyRequest&);

  // Of accounts and policies.
  Status TagResource(const Session&, const shapes::organizations::TagResourceRequest&);
  Status UntagResource(const Session&, const shapes::organizations::UntagResourceRequest&);
  Result<shapes::organizations::ListTagsForResourceResponse> ListTagsForResource(
      const Session&, const shapes::organizations::ListTagsForResourceRequest&);

 private:
  using TagMap = std::map<std::string, std::string>;
  Status ChangeTags(const Session& session, const std::optional<std::string>& id,
                    const std::function<void(TagMap&)>& change);

  identity::Service::State& state_;
};

}  // namespace aloft::organizations
