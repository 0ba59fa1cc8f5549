// Signing in at an OpenID Connect issuer in a browser, for `aloft login --issuer`: the authorization code flow with
// PKCE and a redirect to this machine (RFC 6749, 7636, 8252). The issuer's token is then exchanged for a role's
// credentials by sts:AssumeRoleWithWebIdentity, so the issuer is one that IAM knows as a provider, and the role's trust
// decides.
#pragma once

#include <boost/json/fwd.hpp>
#include <chrono>
#include <string>

#include "app/cli/aws_profile.h"
#include "foundation/base/result.h"

namespace aloft::app {

struct IssuerChoices {
  std::string issuer;     // https://login.example.com/realm; http only on this machine
  std::string client_id;  // a public client that may redirect to http://127.0.0.1
  std::string role;       // ARN
  std::string ca_file;    // PEM of who signed the issuer's certificate; empty: the system's authorities
  std::chrono::seconds patience{300};
};

// Prints the address to open to standard error and waits. The answer is shaped as the server's SignIn: Version,
// AccessKeyId, SecretAccessKey, SessionToken, Expiration, Arn. `server` needs no credentials.
Result<boost::json::value> LogInAtIssuer(const IssuerChoices& choices, const Profile& server);

}  // namespace aloft::app
