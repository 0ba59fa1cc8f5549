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
  // At most one per account, unique in the installation: a sign-in names its account by it.
  Status CreateAccountAlias(const Session&, const shapes::iam::CreateAccountAliasRequest&);
  Status DeleteAccountAlias(const Session&, const shapes::iam::DeleteAccountAliasRequest&);

 private:
  identity::Service& identity_;
};

}  // namespace aloft::directory
