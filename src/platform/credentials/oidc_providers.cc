#include "platform/credentials/oidc_providers.h"

#include "platform/credentials/tagging.h"

namespace aloft::credentials {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using federation::Provider;
using identity::Session;

namespace {

constexpr std::size_t kMostClients = 100, kMostThumbprints = 5, kMostProviders = 100;

Result<Provider> RequireProvider(sql::Reader& reader, const AccountId& account, const std::optional<std::string>& arn) {
  const std::string name = federation::ProviderName(account, arn.value_or(""));
  if (!name.empty()) {
    ALOFT_ASSIGN(auto found, federation::records::FindProvider(reader, account, name));
    if (found) return std::move(*found);
  }
  return Fail(kNoSuchEntity, "OpenIDConnect Provider not found for arn " + arn.value_or(""));
}

Status CheckThumbprints(const std::vector<std::string>& thumbprints) {
  if (thumbprints.size() > kMostThumbprints)
    return Fail(kInvalidInput, "Thumbprint list must contain fewer than 5 entries.");
  for (const std::string& thumbprint : thumbprints)
    if (!HexDecode(thumbprint)) return Fail(kInvalidInput, "Thumbprint must be 40 hexadecimal characters.");
  return {};
}

}  // namespace

Result<iam::CreateOpenIDConnectProviderResponse> OidcProviders::CreateOpenIDConnectProvider(
    const Session& session, const iam::CreateOpenIDConnectProviderRequest& in) {
  Provider provider{.account = session.account, .issuer = in.url.value_or(""), .created = state_.clock.Now()};
  if (auto status = federation::CheckIssuerUrl(provider.issuer, networks_); !status.ok())
    return Fail(kValidation, status.error().message);
  provider.name = provider.issuer.substr(provider.issuer.find("://") + 3);
  if (provider.name.ends_with('/')) provider.name.pop_back();
  provider.clients = in.client_id_list.value_or(std::vector<std::string>());
  provider.thumbprints = in.thumbprint_list.value_or(std::vector<std::string>());
  if (provider.clients.size() > kMostClients)
    return Fail(kLimitExceeded, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
  ALOFT_TRY(CheckThumbprints(provider.thumbprints));
  ALOFT_ASSIGN(provider.tags, directory::ReadTags(in.tags));
  ALOFT_TRY(state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto others, federation::records::ListProviders(t, session.account));
    for (const Provider& other : others)
      if (other.name == provider.name)
        return Fail(kEntityAlreadyExists, "Provider with url " + provider.issuer + " already exists.");
    if (others.size() >= kMostProviders)
      return Fail(kLimitExceeded, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100");
    return federation::records::PutProvider(t, provider);
  }));
  return iam::CreateOpenIDConnectProviderResponse{.open_id_connect_provider_arn = provider.Arn(),
                                                  .tags = directory::ShowTags(provider.tags)};
}

Result<iam::GetOpenIDConnectProviderResponse> OidcProviders::GetOpenIDConnectProvider(
    const Session& session, const iam::GetOpenIDConnectProviderRequest& in) {
  ALOFT_ASSIGN(const Provider provider, state_.database.Read([&](sql::Reader& reader) {
    return RequireProvider(reader, session.account, in.open_id_connect_provider_arn);
  }));
  return iam::GetOpenIDConnectProviderResponse{.url = provider.name,
                                               .client_id_list = provider.clients,
                                               .thumbprint_list = provider.thumbprints,
                                               .create_date = provider.created,
                                               .tags = directory::ShowTags(provider.tags)};
}

Result<iam::ListOpenIDConnectProvidersResponse> OidcProviders::ListOpenIDConnectProviders(
    const Session& session, const iam::ListOpenIDConnectProvidersRequest&) {
  ALOFT_ASSIGN(const auto providers, state_.database.Read([&](sql::Reader& reader) {
    return federation::records::ListProviders(reader, session.account);
  }));
  iam::ListOpenIDConnectProvidersResponse out;
  out.open_id_connect_provider_list.emplace();
  for (const Provider& provider : providers) out.open_id_connect_provider_list->push_back({.arn = provider.Arn()});
  return out;
}

Status OidcProviders::DeleteOpenIDConnectProvider(const Session& session,
                                                  const iam::DeleteOpenIDConnectProviderRequest& in) {
  const std::string name = federation::ProviderName(session.account, in.open_id_connect_provider_arn.value_or(""));
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(federation::records::DeleteProvider(t, session.account, name));
    return {};
  });
}

Status OidcProviders::Change(const Session& session, const std::optional<std::string>& arn,
                             const std::function<Status(Provider&)>& change) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Provider provider, RequireProvider(t, session.account, arn));
    ALOFT_TRY(change(provider));
    return federation::records::PutProvider(t, provider);
  });
}

Status OidcProviders::UpdateOpenIDConnectProviderThumbprint(
    const Session& session, const iam::UpdateOpenIDConnectProviderThumbprintRequest& in) {
  return Change(session, in.open_id_connect_provider_arn, [&](Provider& provider) -> Status {
    provider.thumbprints = in.thumbprint_list.value_or(std::vector<std::string>());
    return CheckThumbprints(provider.thumbprints);
  });
}

Status OidcProviders::AddClientIDToOpenIDConnectProvider(const Session& session,
                                                         const iam::AddClientIDToOpenIDConnectProviderRequest& in) {
  return Change(session, in.open_id_connect_provider_arn, [&](Provider& provider) -> Status {
    const std::string client = in.client_id.value_or("");
    if (std::find(provider.clients.begin(), provider.clients.end(), client) != provider.clients.end()) return {};
    if (provider.clients.size() >= kMostClients)
      return Fail(kLimitExceeded, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
    provider.clients.push_back(client);
    return {};
  });
}

Status OidcProviders::RemoveClientIDFromOpenIDConnectProvider(
    const Session& session, const iam::RemoveClientIDFromOpenIDConnectProviderRequest& in) {
  return Change(session, in.open_id_connect_provider_arn, [&](Provider& provider) -> Status {
    std::erase(provider.clients, in.client_id.value_or(""));
    return {};
  });
}

Status OidcProviders::TagOpenIDConnectProvider(const Session& session, const iam::TagOpenIDConnectProviderRequest& in) {
  return Change(session, in.open_id_connect_provider_arn,
                [&](Provider& provider) { return AddTags(provider.tags, in.tags); });
}

Status OidcProviders::UntagOpenIDConnectProvider(const Session& session,
                                                 const iam::UntagOpenIDConnectProviderRequest& in) {
  return Change(session, in.open_id_connect_provider_arn, [&](Provider& provider) -> Status {
    RemoveTags(provider.tags, in.tag_keys);
    return {};
  });
}

Result<iam::ListOpenIDConnectProviderTagsResponse> OidcProviders::ListOpenIDConnectProviderTags(
    const Session& session, const iam::ListOpenIDConnectProviderTagsRequest& in) {
  ALOFT_ASSIGN(const Provider provider, state_.database.Read([&](sql::Reader& reader) {
    return RequireProvider(reader, session.account, in.open_id_connect_provider_arn);
  }));
  return TagsPage<iam::ListOpenIDConnectProviderTagsResponse>(provider.tags, in);
}

}  // namespace aloft::credentials
