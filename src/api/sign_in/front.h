// Signing in and out, for the console and the command line, and ending what was issued.
//
//   POST /aloft/v1/SignIn                 anonymous: account, name, password, code -> a session in a cookie, or AWS
//                                         credentials where "Credentials" is true
//   POST /aloft/v1/BeginIssuerSignIn      anonymous: the nonce for an OpenID Connect issuer, bound to this browser
//   POST /aloft/v1/FinishIssuerSignIn     anonymous: the issuer's id token, a role -> a session in a cookie (issuer.h)
//   POST /aloft/v1/GetSession             cookie: who is signed in
//   POST /aloft/v1/GetSessionCredentials  cookie and X-Aloft-Csrf: AWS credentials that end with the session
//   POST /aloft/v1/SignOut                cookie and X-Aloft-Csrf
//   POST /aloft/v1/RevokeToken            signed: an endpoint token, by who made it or has aloft:RevokeToken
//   POST /aloft/v1/RevokeRoleSessions     signed: iam:PutRolePolicy on the role, as the policy that does it at AWS
//
// Against other sites: a body must be application/json, an Origin must be this server's, the cookie is SameSite=Strict
// and HttpOnly, and what changes something repeats the session's own secret in a header. The cookie opens these
// operations alone; all others are signed with credentials that a page gets for it.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "platform/sessions/security_tokens.h"
#include "platform/sessions/sign_in.h"

namespace aloft::api {

class SignInFront final : public Front {
 public:
  // All outlive the front.
  SignInFront(identity::Service& identity, sessions::SignIn& sign_in, sessions::SecurityTokens& tokens);

  std::string_view name() const override { return "aloft"; }
  std::optional<Claim> Claims(const http::RequestHead& head) const override;
  Result<const Row*> Match(const http::RequestHead& head, std::string_view body) const override;
  http::Response RenderError(const Error& error, const http::RequestHead& head,
                             const RequestId& request_id) const override;
  std::span<const Row> rows() const override { return rows_; }

 private:
  std::vector<Row> rows_;
};

}  // namespace aloft::api
