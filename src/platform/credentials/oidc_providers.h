// IAM's operations on OpenID Connect providers. Thread-safe; each call is one transaction.
#pragma once

#include <functional>

#include "foundation/base/result.h"
#include "generated/shapes/iam/providers.h"
#include "platform/federation/issuer_keys.h"
#include "platform/federation/records.h"
#include "platform/identity/service.h"

namespace aloft::credentials {

class OidcProviders {
 public:
  OidcProviders(identity::Service& identity, federation::IssuerNetworks networks)
      : state_(identity.state()), networks_(networks) {}
  using Session = identity::Session;

  Result<shapes::iam::CreateOpenIDConnectProviderResponse> CreateOpenIDConnectProvider(
      const Session&, const shapes::iam::CreateOpenIDConnectProviderRequest&);
  Result<shapes::iam::GetOpenIDConnectProviderResponse> GetOpenIDConnectProvider(
      const Session&, const shapes::iam::GetOpenIDConnectProviderRequest&);
  Result<shapes::iam::ListOpenIDConnectProvidersResponse> ListOpenIDConnectProviders(
      const Session&, const shapes::iam::ListOpenIDConnectProvidersRequest&);
  // Deleting one that is not there is no error, as IAM has it.
  Status DeleteOpenIDConnectProvider(const Session&, const shapes::iam::DeleteOpenIDConnectProviderRequest&);
  Status UpdateOpenIDConnectProviderThumbprint(const Session&,
                                               const shapes::iam::UpdateOpenIDConnectProviderThumbprintRequest&);
  Status AddClientIDToOpenIDConnectProvider(const Session&,
                                            const shapes::iam::AddClientIDToOpenIDConnectProviderRequest&);
  Status RemoveClientIDFromOpenIDConnectProvider(const Session&,
                                                 const shapes::iam::RemoveClientIDFromOpenIDConnectProviderRequest&);
  Status TagOpenIDConnectProvider(const Session&, const shapes::iam::TagOpenIDConnectProviderRequest&);
  Status UntagOpenIDConnectProvider(const Session&, const shapes::iam::UntagOpenIDConnectProviderRequest&);
  Result<shapes::iam::ListOpenIDConnectProviderTagsResponse> ListOpenIDConnectProviderTags(
      const Session&, const shapes::iam::ListOpenIDConnectProviderTagsRequest&);

 private:
  // Changes one provider in a transaction of its own.
  Status Change(const Session& session, const std::optional<std::string>& arn,
                const std::function<Status(federation::Provider&)>& change);

  identity::Service::State& state_;
  const federation::IssuerNetworks networks_;
};

}  // namespace aloft::credentials
