#include "platform/federation/jwt.h"

#include <boost/json/value.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "foundation/crypto/public_key.h"
#include "platform/federation/errors.h"

namespace aloft::federation {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostToken = 20'000, kMostKeys = 100;

Error Malformed() {
  return Fail(kInvalidIdentityToken,
              "The ID Token provided is not a valid JWT. (You may see this error if you sent an "
              "Access Token)");
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<json::object> DecodePart(std::string_view part) {
  const auto text = codec::Base64UrlDecode(part);
  if (!text) return Malformed();
  auto parsed = codec::ParseJson(*text, {.max_depth = 16, .max_bytes = kMostToken});
  if (!parsed.ok() || !parsed->is_object()) return Malformed();
  return std::move(parsed->as_object());
}

bool Matches(const Jwt& jwt, const VerifyingKey& key) {
  return key.type == (jwt.algorithm == "RS256" ? "RSA" : "EC") && (jwt.key_id.empty() || key.id == jwt.key_id);
}

}  // namespace

std::string Jwt::Text(std::string_view claim) const {
  return TextOf(claims, claim);
}

std::int64_t Jwt::Seconds(std::string_view claim) const {
  const json::value* value = claims.if_contains(claim);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->as_int64();
  if (value->is_double() && value->as_double() > 0 && value->as_double() < 1e12)
    return static_cast<std::int64_t>(value->as_double());
  return 0;
}

std::vector<std::string> Jwt::Audiences() const {
  std::vector<std::string> out;
  const json::value* value = claims.if_contains("aud");
  if (value != nullptr && value->is_string()) out.emplace_back(value->as_string());
  if (value != nullptr && value->is_array())
    for (const json::value& each : value->as_array())
      if (each.is_string()) out.emplace_back(each.as_string());
  return out;
}

Result<Jwt> ParseJwt(std::string_view text) {
  if (text.size() > kMostToken) return Malformed();
  const auto parts = Split(text, '.');
  if (parts.size() != 3) return Malformed();
  ALOFT_ASSIGN(const json::object header, DecodePart(parts[0]));
  Jwt out;
  ALOFT_ASSIGN(out.claims, DecodePart(parts[1]));
  out.algorithm = TextOf(header, "alg");
  out.key_id = TextOf(header, "kid");
  // What a `crit` header demands is not understood here (RFC 7515, 4.1.11).
  if ((out.algorithm != "RS256" && out.algorithm != "ES256") || header.contains("crit"))
    return Fail(kInvalidIdentityToken, "The ID Token must be signed with RS256 or ES256");
  auto signature = codec::Base64UrlDecode(parts[2]);
  if (!signature) return Malformed();
  out.signature = std::move(*signature);
  out.signed_text = text.substr(0, parts[0].size() + 1 + parts[1].size());
  return out;
}

Result<std::vector<VerifyingKey>> ParseKeySet(std::string_view text) {
  const auto parsed = codec::ParseJson(text, {.max_depth = 8, .max_bytes = 256u << 10});
  const json::value* keys = parsed.ok() && parsed->is_object() ? parsed->as_object().if_contains("keys") : nullptr;
  if (keys == nullptr || !keys->is_array()) return Fail(kIssuerUnreachable, "The issuer's key set cannot be read");
  std::vector<VerifyingKey> out;
  for (const json::value& each : keys->as_array()) {
    if (!each.is_object() || out.size() == kMostKeys) continue;
    const json::object& key = each.as_object();
    const std::string use = TextOf(key, "use");
    if (!use.empty() && use != "sig") continue;
    const auto raw = [&](std::string_view name) {
      return codec::Base64UrlDecode(TextOf(key, name)).value_or(std::string());
    };
    VerifyingKey made{.id = TextOf(key, "kid"), .type = TextOf(key, "kty"), .n = raw("n"), .e = raw("e")};
    if (made.type == "EC" && TextOf(key, "crv") == "P-256") {
      made.x = raw("x");
      made.y = raw("y");
    }
    const bool usable = made.type == "RSA" ? !made.n.empty() && !made.e.empty() : !made.x.empty() && !made.y.empty();
    if (usable) out.push_back(std::move(made));
  }
  return out;
}

bool HasKeyFor(const Jwt& jwt, const std::vector<VerifyingKey>& keys) {
  for (const VerifyingKey& key : keys)
    if (Matches(jwt, key)) return true;
  return false;
}

bool Verifies(const Jwt& jwt, const std::vector<VerifyingKey>& keys) {
  for (const VerifyingKey& key : keys) {
    if (!Matches(jwt, key)) continue;
    if (jwt.algorithm == "RS256" ? crypto::VerifyRs256(key.n, key.e, jwt.signed_text, jwt.signature)
                                 : crypto::VerifyEs256(key.x, key.y, jwt.signed_text, jwt.signature))
      return true;
  }
  return false;
}

}  // namespace aloft::federation
