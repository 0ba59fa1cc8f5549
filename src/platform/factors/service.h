// What people prove themselves with: passwords and one-time codes. The only door of the room besides its records.
// Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "platform/factors/errors.h"
#include "platform/factors/password.h"
#include "platform/factors/records.h"
#include "platform/factors/throttle.h"
#include "platform/identity/service.h"

namespace aloft::factors {

class Service {
 public:
  // `identity` outlives the service; its database holds the room's migrations.
  explicit Service(identity::Service& identity);

  // That the user (by its unique id) has this device and the code is good now and was not used before; durable when it
  // returns. kInvalidAuthenticationCode, kTooManyAttempts.
  Status VerifyCode(const AccountId& account, const std::string& user_id, const std::string& serial,
                    std::string_view code);

  // A new seed of 20 bytes, and how it is kept.
  std::string NewSeed();
  std::string SealSeed(std::string_view serial, std::string_view seed) const;
  Result<std::string> OpenSeed(const Device& device) const;

  // Checks the new password against the account's policy and history, and makes it the user's. `login` is the user's
  // record, new or old. Slow; never inside a transaction.
  Status SetPassword(const PasswordPolicy& policy, std::string_view user_name, std::string_view password, Login& login);
  // Slow: some 100 ms.
  bool Matches(const Login& login, std::string_view password);

  struct SignIn {
    identity::Session session;  // of the user; long-lived form, to be issued by the caller
    bool reset_required = false;
  };
  // `account` is an account's id or alias. With devices, a code of one of them is needed. Whatever is wrong is
  // kSignInFailed; kPasswordExpired only to who knows the password; kTooManyAttempts per name and per address.
  Result<SignIn> Check(const std::string& account, const std::string& user, std::string_view password,
                       std::string_view code, const std::string& address);

 private:
  Result<SignIn> CheckUnthrottled(const std::string& account, const std::string& user, std::string_view password,
                                  std::string_view code);

  identity::Service& identity_;
  PasswordHasher hasher_;
  Throttle codes_, names_, addresses_;
};

}  // namespace aloft::factors
