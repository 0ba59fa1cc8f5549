// IAM's policy simulator: what would be decided, by which statement, and which condition keys a policy asks for.
// Thread-safe. https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/simulation.h"
#include "platform/identity/service.h"

namespace aloft::directory {

// Condition keys are those of the request; those of the principal itself (its name, ARN, tags) are there unless the
// request gives others. What real requests add by themselves (aws:SourceIp, aws:CurrentTime) is missing here, as in
// AWS.
class Simulator {
 public:
  explicit Simulator(identity::Service& identity) : identity_(identity) {}
  using Session = identity::Session;

  // What a user, group or role may do, with the documents of the request added to its own.
  Result<shapes::iam::SimulatePrincipalPolicyResponse> SimulatePrincipalPolicy(
      const Session&, const shapes::iam::SimulatePrincipalPolicyRequest&);
  Result<shapes::iam::SimulateCustomPolicyResponse> SimulateCustomPolicy(
      const Session&, const shapes::iam::SimulateCustomPolicyRequest&);
  Result<shapes::iam::GetContextKeysForPrincipalPolicyResponse> GetContextKeysForPrincipalPolicy(
      const Session&, const shapes::iam::GetContextKeysForPrincipalPolicyRequest&);
  Result<shapes::iam::GetContextKeysForCustomPolicyResponse> GetContextKeysForCustomPolicy(
      const Session&, const shapes::iam::GetContextKeysForCustomPolicyRequest&);

 private:
  identity::Service& identity_;
};

}  // namespace aloft::directory
