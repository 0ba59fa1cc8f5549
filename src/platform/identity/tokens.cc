#include "platform/identity/tokens.h"

#include <boost/json/value.hpp>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/identity/errors.h"
#include "platform/policy/policy.h"

namespace aloft::identity {
namespace {

namespace json = boost::json;

constexpr std::string_view kSessionPurpose = "identity/session-token";
constexpr std::string_view kEndpointPurpose = "identity/endpoint-token";
constexpr std::string_view kWebPurpose = "identity/web-session";
constexpr std::size_t kMaxToken = 64 * 1024;

Error Invalid() {
  return Fail(kInvalidToken, "The security token included in the request is invalid");
}

std::string Encode(const Session& session, std::string_view secret, const std::vector<std::string>& policies,
                   std::string_view bound_to = {}) {
  std::string out;
  codec::JsonWriter writer(out);
  writer.BeginObject();
  writer.Key("v").Int(1);
  writer.Key("kind").Int(static_cast<int>(session.kind));
  const auto text = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) writer.Key(name).String(value);
  };
  text("account", session.account.value());
  text("arn", session.arn);
  text("id", session.principal_id);
  text("user", session.user_name);
  text("role", session.role_arn);
  text("session", session.role_session_name);
  text("key", session.access_key_id);
  text("secret", secret);
  text("bound", bound_to);
  text("region", session.region.value());
  text("endpoint", session.endpoint);
  writer.Key("issued").Int(ToMicros(session.issued));
  writer.Key("expires").Int(ToMicros(session.expires));
  if (session.mfa != Time{}) writer.Key("mfa").Int(ToMicros(session.mfa));
  text("source", session.source_identity);
  text("provider", session.federated_provider);
  text("token", session.id);
  const auto map = [&](std::string_view name, const std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    writer.Key(name).BeginObject();
    for (const auto& [key, value] : values) writer.Key(key).String(value);
    writer.EndObject();
  };
  map("tags", session.tags);
  map("claims", session.claims);
  if (!session.transitive_tags.empty()) {
    writer.Key("transitive").BeginArray();
    for (const std::string& key : session.transitive_tags) writer.String(key);
    writer.EndArray();
  }
  if (!policies.empty()) {
    writer.Key("policies").BeginArray();
    for (const std::string& policy : policies) writer.String(policy);
    writer.EndArray();
  }
  writer.EndObject();
  return out;
}

std::string Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
std::int64_t Number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : 0;
}

std::map<std::string, std::string> Map(const json::object& object, std::string_view name) {
  std::map<std::string, std::string> out;
  if (const json::value* found = object.if_contains(name); found != nullptr && found->is_object())
    for (const auto& [key, value] : found->as_object())
      if (value.is_string()) out[std::string(key)] = value.as_string();
  return out;
}

// The seal was opened, so this is what some server of this installation wrote; a later version may have.
Result<Credential> Decode(std::string_view text) {
  const auto parsed = codec::ParseJson(text);
  if (!parsed.ok() || !parsed->is_object()) return Invalid();
  const json::object& object = parsed->as_object();
  if (Number(object, "v") != 1) return Invalid();
  const std::int64_t kind = Number(object, "kind");
  if (kind <= static_cast<int>(PrincipalKind::kNobody) || kind > static_cast<int>(PrincipalKind::kToken))
    return Invalid();
  Credential out;
  Session& session = out.session;
  session.kind = static_cast<PrincipalKind>(kind);
  session.account = AccountId(Text(object, "account"));
  session.arn = Text(object, "arn");
  session.principal_id = Text(object, "id");
  session.user_name = Text(object, "user");
  session.role_arn = Text(object, "role");
  session.role_session_name = Text(object, "session");
  session.access_key_id = Text(object, "key");
  out.secret = Text(object, "secret");
  out.bound_to = Text(object, "bound");
  session.region = Region(Text(object, "region"));
  session.endpoint = Text(object, "endpoint");
  session.issued = FromMicros(Number(object, "issued"));
  session.expires = FromMicros(Number(object, "expires"));
  session.mfa = FromMicros(Number(object, "mfa"));
  session.source_identity = Text(object, "source");
  session.federated_provider = Text(object, "provider");
  session.id = Text(object, "token");
  session.tags = Map(object, "tags");
  session.claims = Map(object, "claims");
  if (const json::value* keys = object.if_contains("transitive"); keys != nullptr && keys->is_array())
    for (const json::value& key : keys->as_array())
      if (key.is_string()) session.transitive_tags.emplace_back(key.as_string());
  if (const json::value* policies = object.if_contains("policies"); policies != nullptr) {
    if (!policies->is_array()) return Invalid();
    for (const json::value& document : policies->as_array()) {
      if (!document.is_string()) return Invalid();
      auto policy = Policy::Parse(std::string_view(document.as_string()), policy::PolicyUse::kIdentity);
      if (!policy.ok()) return Invalid();
      session.session_policies.push_back(std::move(policy).value());
    }
  }
  return out;
}

Result<Credential> Open(const keys::Keyring& keyring, std::string_view text, std::string_view purpose) {
  if (text.size() > kMaxToken) return Invalid();
  const auto sealed = codec::Base64UrlDecode(text);
  if (!sealed) return Invalid();
  const auto plain = keyring.Open(*sealed, purpose);
  if (!plain.ok()) return Invalid();
  return Decode(*plain);
}

}  // namespace

std::string SealSessionToken(const keys::Keyring& keyring, const Credential& credential,
                             const std::vector<std::string>& policies) {
  return codec::Base64UrlEncode(
      keyring.Seal(Encode(credential.session, credential.secret, policies, credential.bound_to), kSessionPurpose));
}

Result<Credential> OpenSessionToken(const keys::Keyring& keyring, std::string_view token) {
  ALOFT_ASSIGN(Credential credential, Open(keyring, token, kSessionPurpose));
  if (credential.secret.empty() || !credential.session.temporary()) return Invalid();
  return credential;
}

std::string SealEndpointToken(const keys::Keyring& keyring, const Session& session) {
  return std::string(kEndpointTokenPrefix) +
         codec::Base64UrlEncode(keyring.Seal(Encode(session, "", {}), kEndpointPurpose));
}

Result<Session> OpenSealedEndpointToken(const keys::Keyring& keyring, std::string_view token) {
  if (!token.starts_with(kEndpointTokenPrefix)) return Invalid();
  ALOFT_ASSIGN(Credential credential, Open(keyring, token.substr(kEndpointTokenPrefix.size()), kEndpointPurpose));
  if (credential.session.kind != PrincipalKind::kToken || !credential.session.temporary()) return Invalid();
  return std::move(credential.session);
}

std::string SealWebSession(const keys::Keyring& keyring, const Session& session, std::string_view csrf) {
  return codec::Base64UrlEncode(keyring.Seal(Encode(session, csrf, {}), kWebPurpose));
}

Result<Credential> OpenSealedWebSession(const keys::Keyring& keyring, std::string_view token) {
  ALOFT_ASSIGN(Credential credential, Open(keyring, token, kWebPurpose));
  if (credential.secret.empty() || credential.session.id.empty() || !credential.session.temporary()) return Invalid();
  return credential;
}

}  // namespace aloft::identity
