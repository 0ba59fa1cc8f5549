// Organizational units: levels between the root and accounts, at most five, on which guardrails hang. Thread-safe; each
// call is one transaction.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/organizations/units.h"
#include "platform/identity/service.h"

namespace aloft::organizations {

class Units {
 public:
  explicit Units(identity::Service& identity) : state_(identity.state()) {}
  using Session = identity::Session;

  Result<shapes::organizations::CreateOrganizationalUnitResponse> CreateOrganizationalUnit(
      const Session&, const shapes::organizations::CreateOrganizationalUnitRequest&);
  Result<shapes::organizations::UpdateOrganizationalUnitResponse> UpdateOrganizationalUnit(
      const Session&, const shapes::organizations::UpdateOrganizationalUnitRequest&);
  // Only where nothing is in it.
  Status DeleteOrganizationalUnit(const Session&, const shapes::organizations::DeleteOrganizationalUnitRequest&);
  Result<shapes::organizations::DescribeOrganizationalUnitResponse> DescribeOrganizationalUnit(
      const Session&, const shapes::organizations::DescribeOrganizationalUnitRequest&);
  Result<shapes::organizations::ListOrganizationalUnitsForParentResponse> ListOrganizationalUnitsForParent(
      const Session&, const shapes::organizations::ListOrganizationalUnitsForParentRequest&);

  // The account's guardrails are those of its new place from the commit on.
  Status MoveAccount(const Session&, const shapes::organizations::MoveAccountRequest&);
  Result<shapes::organizations::ListAccountsForParentResponse> ListAccountsForParent(
      const Session&, const shapes::organizations::ListAccountsForParentRequest&);
  Result<shapes::organizations::ListParentsResponse> ListParents(const Session&,
                                                                 const shapes::organizations::ListParentsRequest&);
  Result<shapes::organizations::ListChildrenResponse> ListChildren(const Session&,
                                                                   const shapes::organizations::ListChildrenRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::organizations
