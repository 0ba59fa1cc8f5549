// STS: sessions made on request. Nothing is stored; a token is the session, sealed. Thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "foundation/base/result.h"
#include "generated/shapes/sts/tokens.h"
#include "platform/factors/service.h"
#include "platform/federation/issuer_keys.h"
#include "platform/identity/service.h"

namespace aloft::sessions {

// What a request leaves to STS itself to decide. All outlive it.
struct Dependencies {
  identity::Service& identity;
  factors::Service& factors;
  federation::IssuerKeys& issuers;
};

class SecurityTokens {
 public:
  explicit SecurityTokens(Dependencies dependencies) : d_(dependencies) {}
  using Session = identity::Session;
  using Context = identity::Context;

  Result<shapes::sts::GetCallerIdentityResponse> GetCallerIdentity(const Session&,
                                                                   const shapes::sts::GetCallerIdentityRequest&);
  // Decides by itself: the role's trust and the caller's policies together say who may. `context` is the request's.
  Result<shapes::sts::AssumeRoleResponse> AssumeRole(const Session&, const shapes::sts::AssumeRoleRequest&,
                                                     const Context& context);
  // Decides by itself: the role's trust says which tokens of which issuers may. May ask the issuer for its keys, so it
  // answers later, from a thread of the client.
  using WebIdentityDone = std::function<void(Result<shapes::sts::AssumeRoleWithWebIdentityResponse>)>;
  void AssumeRoleWithWebIdentity(const shapes::sts::AssumeRoleWithWebIdentityRequest&, const Context& context,
                                 WebIdentityDone done);
  Result<shapes::sts::GetSessionTokenResponse> GetSessionToken(const Session&,
                                                               const shapes::sts::GetSessionTokenRequest&);
  Result<shapes::sts::GetFederationTokenResponse> GetFederationToken(const Session&,
                                                                     const shapes::sts::GetFederationTokenRequest&);
  Result<shapes::sts::GetAccessKeyInfoResponse> GetAccessKeyInfo(const Session&,
                                                                 const shapes::sts::GetAccessKeyInfoRequest&);
  Result<shapes::sts::DecodeAuthorizationMessageResponse> DecodeAuthorizationMessage(
      const Session&, const shapes::sts::DecodeAuthorizationMessageRequest&);

 private:
  // The moment of the second factor that the request shows; zero where it shows none.
  Result<Time> ShownFactor(const Session& session, const std::optional<std::string>& serial,
                           const std::optional<std::string>& code);

  Dependencies d_;
};

}  // namespace aloft::sessions
