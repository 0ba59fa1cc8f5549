#include "api/sign_in/issuer.h"

#include <algorithm>
#include <cctype>

#include "api/sign_in/browser.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/hash.h"
#include "platform/federation/jwt.h"
#include "platform/identity/state.h"

namespace aloft::api::sign_in {
namespace {

namespace sts = shapes::sts;

constexpr std::int64_t kBeginSeconds = 600;  // for a person at the issuer's page
constexpr std::size_t kSecretCharacters = 43, kMostSessionName = 64;

// Who has seen the nonce, the issuer say, cannot make the cookie of it.
std::string NonceOf(std::string_view secret) {
  return codec::Base64UrlEncode(crypto::Sha256(std::string("aloft sign-in nonce\n").append(secret)));
}

// Who it is, as a session's name may be written.
std::string SessionName(const federation::Jwt& jwt) {
  std::string name = jwt.Text("email");
  if (name.empty()) name = jwt.Text("sub");
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("=,.@-_").find(c) == std::string_view::npos)
      c = '-';
  name.resize(std::min(name.size(), kMostSessionName));
  return name.size() < 2 ? "aloft-console" : name;
}

identity::Context ContextOf(const Call& call) {
  return {{"aws:sourceip", {call.head().peer_address}},
          {"aws:securetransport", {call.head().tls ? "true" : "false"}},
          {"aws:requestedregion", {call.region.value()}}};
}

Result<http::Response> Admit(const IssuerDoors& doors, const Call& call,
                             const Result<sts::AssumeRoleWithWebIdentityResponse>& assumed) {
  if (!assumed.ok()) return assumed.error();
  const auto& given = *assumed->credentials;
  ALOFT_ASSIGN(const sessions::WebSession session,
               doors.sign_in.StartWith(given.access_key_id.value_or(""), given.session_token.value_or("")));
  http::Response response = Welcome(call.head(), session, doors.identity.state().clock.Now());
  response.headers.Add("Set-Cookie", MakeCookie(call.head(), kBeginCookie, "", 0));
  return response;
}

}  // namespace

Result<http::Response> BeginIssuerSignIn(const http::RequestHead& head, Random& random) {
  ALOFT_TRY(CheckSameSite(head));
  const std::string secret =
      random.Text(kSecretCharacters, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  std::string body;
  codec::JsonWriter(body).BeginObject().Key("Nonce").String(NonceOf(secret)).EndObject();
  http::Response response = JsonAnswer(std::move(body));
  response.headers.Add("Set-Cookie", MakeCookie(head, kBeginCookie, secret, kBeginSeconds));
  return response;
}

void FinishIssuerSignIn(const IssuerDoors& doors, const std::shared_ptr<const Call>& call, const IssuerProof& proof,
                        Responder respond) {
  if (auto same = CheckSameSite(call->head()); !same.ok()) return respond(std::move(same).error());
  auto jwt = federation::ParseJwt(proof.id_token);
  if (!jwt.ok()) return respond(std::move(jwt).error());
  const std::string_view secret = FindCookie(call->head(), kBeginCookie);
  // Before the signature is looked at: it decides nothing but whether to go on.
  if (secret.size() != kSecretCharacters || !ConstantTimeEqual(jwt->Text("nonce"), NonceOf(secret)))
    return respond(Fail(sessions::kNoWebSession, "The token answers another sign-in than this browser's."));
  sts::AssumeRoleWithWebIdentityRequest request;
  request.role_arn = proof.role_arn;
  request.role_session_name = SessionName(*jwt);
  request.web_identity_token = proof.id_token;
  doors.tokens.AssumeRoleWithWebIdentity(
      request, ContextOf(*call),
      [doors, call, respond = std::move(respond)](auto assumed) { respond(Admit(doors, *call, assumed)); });
}

}  // namespace aloft::api::sign_in
