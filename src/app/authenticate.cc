#include "app/authenticate.h"

#include "api/aws/s3_wire/request.h"
#include "foundation/base/bytes.h"

namespace aloft::app {
namespace {

constexpr std::string_view kBearerPrefix = "Bearer ";

crypto::RequestView ToSigned(const http::RequestHead& head) {
  return {head.method, head.path(), head.query(), head.headers.fields()};
}

std::string_view BucketOf(const crypto::RequestView& request, std::string_view domain) {
  for (const auto& [name, value] : request.headers)
    if (EqualsIgnoreCase(name, "host")) return api::s3::BucketOfHost(value, domain);
  return {};
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
    return VerifySignature(request, body, row.signed_for);
  }
  if ((row.authenticators & api::kAnonymous) != 0) return Proof{};
  return Fail(crypto::kNoSignature, "Request is missing Authentication Token");
}

Result<Proof> Authenticate::VerifySignature(const crypto::RequestView& request, std::optional<std::string_view> body,
                                            std::string_view service) {
  ALOFT_ASSIGN(crypto::Authorization authorization, crypto::ParseAuthorization(request));
  if (!service.empty() && authorization.scope.service != service)
    return Fail(crypto::kSignatureMismatch,
                "Credential should be scoped to correct service: '" + std::string(service) + "'.");
  ALOFT_ASSIGN(identity::Credential credential,
               identity_.FindCredential(authorization.access_key_id, authorization.session_token));
  // Version 2 covers the bucket and the key, wherever the bucket stands, and not the host: a link would open the same
  // path of every other bucket.
  crypto::RequestView covered = request;
  std::string resource;
  if (authorization.version == crypto::Authorization::Version::kVersion2) {
    if (const std::string_view bucket = BucketOf(request, domain_); !bucket.empty()) {
      resource = "/" + std::string(bucket) + std::string(request.path);
      covered.path = resource;
    }
  }
  ALOFT_ASSIGN(crypto::PayloadClaim claim,
               crypto::Verify(covered, authorization, credential.secret, clock_.Now(), body, signing_keys_));
  return Proof{std::move(credential.session), Region(authorization.scope.region), std::move(claim)};
}

}  // namespace aloft::app
