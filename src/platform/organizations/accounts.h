// The accounts of an installation: its organization, new accounts, and closing them. Thread-safe; each call is one
// transaction. Accounts are isolated by their number, which every record of every service carries; what joins them is
// cross-account policies, and the role that a new account gets for its management account.
#pragma once

#include <span>

#include "foundation/base/result.h"
#include "generated/shapes/organizations/accounts.h"
#include "platform/identity/service.h"

namespace aloft::organizations {

// The room's schema. Format: docs/formats/organizations.md.
std::span<const sql::Migration> Migrations();

class Accounts {
 public:
  explicit Accounts(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::organizations::CreateOrganizationResponse> CreateOrganization(
      const Session&, const shapes::organizations::CreateOrganizationRequest&);
  Result<shapes::organizations::DescribeOrganizationResponse> DescribeOrganization(const Session&);
  Status DeleteOrganization(const Session&);
  Result<shapes::organizations::ListRootsResponse> ListRoots(const Session&,
                                                             const shapes::organizations::ListRootsRequest&);

  // Done when it answers. The new account's role (OrganizationAccountAccessRole, or the name given) may do everything
  // in it, and trusts the management account.
  Result<shapes::organizations::CreateAccountResponse> CreateAccount(
      const Session&, const shapes::organizations::CreateAccountRequest&);
  Result<shapes::organizations::DescribeCreateAccountStatusResponse> DescribeCreateAccountStatus(
      const Session&, const shapes::organizations::DescribeCreateAccountStatusRequest&);
  Result<shapes::organizations::ListCreateAccountStatusResponse> ListCreateAccountStatus(
      const Session&, const shapes::organizations::ListCreateAccountStatusRequest&);
  Result<shapes::organizations::ListAccountsResponse> ListAccounts(const Session&,
                                                                   const shapes::organizations::ListAccountsRequest&);
  Result<shapes::organizations::DescribeAccountResponse> DescribeAccount(
      const Session&, const shapes::organizations::DescribeAccountRequest&);
  // Nobody of it gets in any more, at once. Its data stays.
  Status CloseAccount(const Session&, const shapes::organizations::CloseAccountRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::organizations
