// IAM's operations on the account as a whole. Thread-safe.
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

 private:
  identity::Service& identity_;
};

}  // namespace aloft::directory
