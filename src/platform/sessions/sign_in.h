// Signing in with account, name, password and code: a short session for a browser, and AWS credentials that live and
// end with it. Thread-safe. A sign-in takes some 100 ms.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "platform/factors/service.h"
#include "platform/identity/service.h"
#include "platform/identity/types.h"
#include "platform/sessions/errors.h"

namespace aloft::sessions {

inline constexpr std::chrono::hours kWebSession{12};

struct SignInRequest {
  std::string account{};  // its id or alias
  std::string user{};
  std::string password{};
  std::string code{};          // of an MFA device, where the user has one
  std::string new_password{};  // where the old one must be changed
  std::string address{};       // of the client, for the throttle
};

// What a browser holds: `token` in a cookie that scripts cannot read, `csrf` in the page.
struct WebSession {
  std::string token{};
  std::string csrf{};
  identity::Session session{};
};

class SignIn {
 public:
  SignIn(identity::Service& identity, factors::Service& factors) : identity_(identity), factors_(factors) {}

  // A session that did not exist before, whatever the client sent with the request. factors::kSignInFailed,
  // kTooManyAttempts, kPasswordExpired; kPasswordChangeRequired where `new_password` is needed.
  Result<WebSession> Start(const SignInRequest& request);

  // A session of its own for whom these temporary credentials were given, ending when they do. Errors of
  // FindCredential.
  Result<WebSession> StartWith(std::string_view access_key_id, std::string_view session_token);

  // kNoWebSession once it has expired, was ended, its user was deleted or has a new password, its role was deleted or
  // its sessions revoked, or its account is closed.
  Result<WebSession> Open(std::string_view token) const;
  // Ends it everywhere, with the credentials that were issued from it.
  Status End(const WebSession& session);

  // AWS credentials that may what the user may and end with the session at the latest.
  identity::TemporaryCredentials Credentials(const identity::Session& session, std::chrono::seconds valid_for) const;

 private:
  WebSession Make(identity::Session session) const;
  Status ChangePassword(const identity::Session& session, const SignInRequest& request);

  identity::Service& identity_;
  factors::Service& factors_;
};

}  // namespace aloft::sessions
