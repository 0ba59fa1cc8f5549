// STS: sessions made on request. Nothing is stored; a token is the session, sealed. Thread-safe.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/sts/tokens.h"
#include "platform/identity/service.h"

namespace aloft::directory {

class SecurityTokens {
 public:
  explicit SecurityTokens(identity::Service& identity) : identity_(identity) {}
  using Session = identity::Session;
  using Context = identity::Context;

  Result<shapes::sts::GetCallerIdentityResponse> GetCallerIdentity(const Session&,
                                                                   const shapes::sts::GetCallerIdentityRequest&);
  // Decides by itself: the role's trust and the caller's policies together say who may. `context` is the request's.
  Result<shapes::sts::AssumeRoleResponse> AssumeRole(const Session&, const shapes::sts::AssumeRoleRequest&,
                                                     const Context& context);
  Result<shapes::sts::GetSessionTokenResponse> GetSessionToken(const Session&,
                                                               const shapes::sts::GetSessionTokenRequest&);
  Result<shapes::sts::GetFederationTokenResponse> GetFederationToken(const Session&,
                                                                     const shapes::sts::GetFederationTokenRequest&);
  Result<shapes::sts::GetAccessKeyInfoResponse> GetAccessKeyInfo(const Session&,
                                                                 const shapes::sts::GetAccessKeyInfoRequest&);

 private:
  identity::Service& identity_;
};

}  // namespace aloft::directory
