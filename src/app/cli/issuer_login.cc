#include "app/cli/issuer_login.h"

#include <boost/json.hpp>
#include <cstdio>

#include "app/cli/loopback_redirect.h"
#include "app/cli/remote.h"
#include "foundation/base/bytes.h"
#include "foundation/base/random.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/codec/uri.h"
#include "foundation/codec/xml.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/file.h"
#include "platform/federation/issuer_keys.h"
#include "platform/federation/jwt.h"

namespace aloft::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostSessionName = 64;

std::string Form(const codec::Query& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += codec::PercentEncode(name) + "=" + codec::PercentEncode(value);
  }
  return out;
}

std::string Text(const json::value& document, std::string_view name) {
  const json::value* member = document.is_object() ? document.as_object().if_contains(name) : nullptr;
  return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
}

// 32 random bytes as text that needs no escaping.
std::string Nonce(Random& random) {
  std::string bytes(32, '\0');
  random.Fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return codec::Base64UrlEncode(bytes);
}

class Issuer {
 public:
  static Result<Issuer> Find(const IssuerChoices& choices) {
    http::ClientOptions options;
    options.max_response_bytes = 256 * 1024;
    if (!choices.ca_file.empty()) {
      ALOFT_ASSIGN(options.ca_pem, os::ReadFile(choices.ca_file));
    }
    Issuer out;
    ALOFT_ASSIGN(out.client_, http::Client::Create(std::move(options)));
    std::string url = choices.issuer;
    ALOFT_TRY(federation::CheckIssuerUrl(url, federation::IssuerNetworks::kLoopback));
    if (url.ends_with('/')) url.pop_back();
    ALOFT_ASSIGN(const std::string text, out.Ask("GET", url + "/.well-known/openid-configuration", ""));
    ALOFT_ASSIGN(const json::value document, codec::ParseJson(text));
    if (Text(document, "issuer") != choices.issuer)
      return Fail(kInvalidArgument, "The issuer's document names another issuer: " + Text(document, "issuer"));
    out.authorize = Text(document, "authorization_endpoint");
    out.token = Text(document, "token_endpoint");
    for (const std::string& each : {out.authorize, out.token})
      ALOFT_TRY(federation::CheckIssuerUrl(each.substr(0, each.find('?')), federation::IssuerNetworks::kLoopback));
    return out;
  }

  // Of the answer's body. A refusal's body is not shown: it may repeat what was sent.
  Result<std::string> Ask(const std::string& method, const std::string& url, std::string form) {
    ALOFT_ASSIGN(const Endpoint endpoint, ParseEndpoint(url));
    http::ClientRequest request;
    request.method = method;
    const std::size_t path = url.find('/', url.find("://") + 3);
    request.target = path == std::string::npos ? "/" : url.substr(path);
    request.headers = {{"Host", endpoint.host_header}, {"Accept", "application/json"}};
    if (method == "POST") request.headers.Add("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
    ALOFT_ASSIGN(http::ClientResponse response, client_->Call(endpoint.destination, std::move(request)));
    if (response.status == 200) return std::move(response.body);
    return Fail(kRemoteRefused, url + " answered " + std::to_string(response.status));
  }

  std::string authorize, token;

 private:
  std::unique_ptr<http::Client> client_;
};

// The ID token. Its signature is the server's to verify; that it answers this very request is ours.
Result<std::string> Authorize(const IssuerChoices& choices) {
  ALOFT_ASSIGN(Issuer issuer, Issuer::Find(choices));
  ALOFT_ASSIGN(LoopbackRedirect redirect, LoopbackRedirect::Listen());
  SystemRandom random;
  const std::string state = Nonce(random), nonce = Nonce(random), verifier = Nonce(random);
  const std::string page = issuer.authorize + (issuer.authorize.find('?') == std::string::npos ? "?" : "&") +
                           Form({{"response_type", "code"},
                                 {"scope", "openid"},
                                 {"client_id", choices.client_id},
                                 {"redirect_uri", redirect.uri()},
                                 {"state", state},
                                 {"nonce", nonce},
                                 {"code_challenge", codec::Base64UrlEncode(crypto::Sha256(verifier))},
                                 {"code_challenge_method", "S256"}});
  std::fprintf(stderr, "Open this page to sign in:\n  %s\n", page.c_str());
  ALOFT_ASSIGN(const std::string code, redirect.Wait(state, choices.patience));
  ALOFT_ASSIGN(const std::string answer, issuer.Ask("POST", issuer.token,
                                                    Form({{"grant_type", "authorization_code"},
                                                          {"code", code},
                                                          {"redirect_uri", redirect.uri()},
                                                          {"client_id", choices.client_id},
                                                          {"code_verifier", verifier}})));
  ALOFT_ASSIGN(const json::value document, codec::ParseJson(answer));
  std::string token = Text(document, "id_token");
  ALOFT_ASSIGN(const federation::Jwt jwt, federation::ParseJwt(token));
  if (!ConstantTimeEqual(jwt.Text("nonce"), nonce))
    return Fail(kInvalidArgument, "The issuer's token answers another request than this one");
  return token;
}

// Who it is, as a session's name may be written.
std::string SessionName(const std::string& token) {
  const auto jwt = federation::ParseJwt(token);
  std::string name = jwt.ok() ? jwt->Text("email") : "";
  if (jwt.ok() && name.empty()) name = jwt->Text("sub");
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
        std::string_view("=,.@-_").find(c) == std::string_view::npos)
      c = '-';
  name.resize(std::min(name.size(), kMostSessionName));
  return name.size() < 2 ? "aloft-login" : name;
}

}  // namespace

Result<json::value> LogInAtIssuer(const IssuerChoices& choices, const Profile& server) {
  ALOFT_ASSIGN(const std::string token, Authorize(choices));
  ALOFT_ASSIGN(auto remote, Remote::Connect(server));
  ALOFT_ASSIGN(const std::string text, remote->UnsignedQuery(Form({{"Action", "AssumeRoleWithWebIdentity"},
                                                                   {"Version", "2011-06-15"},
                                                                   {"RoleArn", choices.role},
                                                                   {"RoleSessionName", SessionName(token)},
                                                                   {"WebIdentityToken", token}})));
  ALOFT_ASSIGN(const codec::XmlElement answer, codec::ParseXml(text));
  const codec::XmlElement* result = answer.Child("AssumeRoleWithWebIdentityResult");
  const codec::XmlElement* given = result != nullptr ? result->Child("Credentials") : nullptr;
  const codec::XmlElement* user = result != nullptr ? result->Child("AssumedRoleUser") : nullptr;
  if (given == nullptr || user == nullptr) return Fail(kRemoteRefused, "The server's answer cannot be read");
  return json::object{{"Version", 1},
                      {"AccessKeyId", given->ChildText("AccessKeyId")},
                      {"SecretAccessKey", given->ChildText("SecretAccessKey")},
                      {"SessionToken", given->ChildText("SessionToken")},
                      {"Expiration", given->ChildText("Expiration")},
                      {"Arn", user->ChildText("Arn")}};
}

}  // namespace aloft::app
