// IAM's operations on the account as a whole, and the policy simulator. Thread-safe.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/account.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class Account {
 public:
  explicit Account(identity::Service& identity) : identity_(identity) {}
  using Session = identity::Session;

  Result<shapes::iam::GetAccountSummaryResponse> GetAccountSummary(const Session&,
                                                                   const shapes::iam::GetAccountSummaryRequest&);
  Result<shapes::iam::ListAccountAliasesResponse> ListAccountAliases(const Session&,
                                                                     const shapes::iam::ListAccountAliasesRequest&);
  // What a user, group or role may do, with the documents of the request added to its own.
  Result<shapes::iam::SimulatePrincipalPolicyResponse> SimulatePrincipalPolicy(
      const Session&, const shapes::iam::SimulatePrincipalPolicyRequest&);
  Result<shapes::iam::SimulateCustomPolicyResponse> SimulateCustomPolicy(
      const Session&, const shapes::iam::SimulateCustomPolicyRequest&);

 private:
  identity::Service& identity_;
};

}  // namespace aloft::directory
