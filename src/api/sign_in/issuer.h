// Signing in at an OpenID Connect issuer from a page of this server's. The page asks the issuer itself, as a public
// client (authorization code with PKCE); what this side adds binds the answer to the browser that asked. Private to the
// room.
//
//   page -> BeginIssuerSignIn          <- a cookie that no script reads, and the nonce that follows from it
//   page -> issuer's page (nonce, state, PKCE) -> code -> id token, all between the browser and the issuer
//   page -> FinishIssuerSignIn (id token, role) with the cookie: the token's nonce is the cookie's, the role's trust
//           allows the token (AssumeRoleWithWebIdentity)   <- a session in a cookie
//
// A token that was made for another browser, or for nobody's question, signs nobody in, here or in a victim's browser.
#pragma once

#include <memory>
#include <string>

#include "api/common/operation.h"
#include "foundation/base/random.h"
#include "platform/sessions/security_tokens.h"
#include "platform/sessions/sign_in.h"

namespace aloft::api::sign_in {

struct IssuerProof {
  std::string role_arn;
  std::string id_token;
};
struct IssuerDoors {
  identity::Service& identity;
  sessions::SignIn& sign_in;
  sessions::SecurityTokens& tokens;
};

Result<http::Response> BeginIssuerSignIn(const http::RequestHead& head, Random& random);
// May answer later, from a thread of the client that asks the issuer for its keys. sessions::kCrossSite,
// sessions::kNoWebSession where the nonce is not this browser's; those of AssumeRoleWithWebIdentity.
void FinishIssuerSignIn(const IssuerDoors& doors, const std::shared_ptr<const Call>& call, const IssuerProof& proof,
                        Responder respond);

}  // namespace aloft::api::sign_in
