// IAM's operations on passwords: login profiles, the account's policy, and changing one's own. Thread-safe. What
// stretches a password takes some 100 ms.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/iam/account.h"
#include "generated/shapes/iam/factors.h"
#include "platform/factors/service.h"
#include "platform/identity/service.h"

namespace aloft::credentials {

class LoginProfiles {
 public:
  LoginProfiles(identity::Service& identity, factors::Service& factors) : state_(identity.state()), factors_(factors) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateLoginProfileResponse> CreateLoginProfile(const Session&,
                                                                     const shapes::iam::CreateLoginProfileRequest&);
  Result<shapes::iam::GetLoginProfileResponse> GetLoginProfile(const Session&,
                                                               const shapes::iam::GetLoginProfileRequest&);
  Status UpdateLoginProfile(const Session&, const shapes::iam::UpdateLoginProfileRequest&);
  Status DeleteLoginProfile(const Session&, const shapes::iam::DeleteLoginProfileRequest&);
  // Of the caller. Ends the caller's other sign-ins.
  Status ChangePassword(const Session&, const shapes::iam::ChangePasswordRequest&);

  Result<shapes::iam::GetAccountPasswordPolicyResponse> GetAccountPasswordPolicy(
      const Session&, const shapes::iam::GetAccountPasswordPolicyRequest&);
  Status UpdateAccountPasswordPolicy(const Session&, const shapes::iam::UpdateAccountPasswordPolicyRequest&);
  Status DeleteAccountPasswordPolicy(const Session&, const shapes::iam::DeleteAccountPasswordPolicyRequest&);

 private:
  identity::Service::State& state_;
  factors::Service& factors_;
};

}  // namespace aloft::credentials
