#include "app/gateway/authenticate.h"

#include "foundation/base/bytes.h"

namespace aloft::gateway {
namespace {

constexpr std::string_view kBearerPrefix = "Bearer ";

crypto::RequestView ToSigned(const http::RequestHead& head) {
  return {head.method, head.path(), head.query(), head.headers.fields()};
}

}  // namespace

Result<Proof> Authenticate::operator()(const http::RequestHead& head, std::optional<std::string_view> body,
                                       const api::Row& row) {
  std::string_view authorization = head.headers.Get("authorization");
  if ((row.authenticators & api::kBearer) != 0 && authorization.starts_with(kBearerPrefix)) {
    ALOFT_ASSIGN(identity::Session session, identity_.OpenEndpointToken(authorization.substr(kBearerPrefix.size())));
    Region region = session.region;
    return Proof{std::move(session), std::move(region), {}};
  }
  crypto::RequestView request = ToSigned(head);
  if (crypto::HasSignature(request)) {
    if ((row.authenticators & api::kSigV4) == 0) {
      return Fail(crypto::kUnsupportedSignature, "This operation takes no AWS signature.");
    }
    return VerifySignature(head, request, body, row.signed_for);
  }
  if ((row.authenticators & api::kAnonymous) != 0) return Proof{};
  return Fail(crypto::kNoSignature, "Request is missing Authentication Token");
}

Result<Proof> Authenticate::VerifySignature(const http::RequestHead& head, const crypto::RequestView& request,
                                            std::optional<std::string_view> body, std::string_view service) {
  ALOFT_ASSIGN(crypto::Authorization authorization, crypto::ParseAuthorization(request));
  if (!service.empty() && authorization.scope.service != service)
    return Fail(crypto::kSignatureMismatch,
                "Credential should be scoped to correct service: '" + std::string(service) + "'.");
  ALOFT_ASSIGN(identity::Credential credential,
               identity_.FindBoundCredential(authorization.access_key_id, authorization.session_token));
  // Version 2 covers what the request is about, and not the host: a link would open the same path at every other host.
  crypto::RequestView covered = request;
  std::optional<std::string> path;
  if (signed_path_ && authorization.version == crypto::Authorization::Version::kVersion2) path = signed_path_(head);
  if (path) covered.path = *path;
  ALOFT_ASSIGN(crypto::PayloadClaim claim,
               crypto::Verify(covered, authorization, credential.secret, clock_.Now(), body, signing_keys_));
  return Proof{std::move(credential.session), Region(authorization.scope.region), std::move(claim),
               std::move(credential.bound_to)};
}

}  // namespace aloft::gateway
