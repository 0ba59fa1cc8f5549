// GetAccountAuthorizationDetails: everything that decides in an account, in one list. Thread-safe.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/reports.h"
#include "platform/identity/service.h"

namespace aloft::credentials {

class AccountDetails {
 public:
  explicit AccountDetails(identity::Service& identity) : state_(identity.state()) {}

  Result<shapes::iam::GetAccountAuthorizationDetailsResponse> GetAccountAuthorizationDetails(
      const identity::Session&, const shapes::iam::GetAccountAuthorizationDetailsRequest&);

 private:
  identity::Service::State& state_;
};

}  // namespace aloft::credentials
