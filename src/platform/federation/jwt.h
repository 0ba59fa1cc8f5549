// JSON Web Tokens (RFC 7515, 7519) signed with RS256 or ES256, and the key sets that verify them (RFC 7517). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::federation {

// Decoded, not verified.
struct Jwt {
  std::string algorithm;  // "RS256", "ES256"
  std::string key_id;     // may be empty
  boost::json::object claims;
  std::string signed_text;  // header.payload
  std::string signature;

  // Empty where the claim is absent or no text.
  std::string Text(std::string_view claim) const;
  // Seconds since 1970; 0 where absent or no number.
  std::int64_t Seconds(std::string_view claim) const;
  // `aud` is a text or a list of them.
  std::vector<std::string> Audiences() const;
};
// At most 20000 characters. kInvalidIdentityToken; of other algorithms too: "none" and HMAC never verify here.
Result<Jwt> ParseJwt(std::string_view text);

struct VerifyingKey {
  std::string id{};
  std::string type{};    // "RSA", "EC"
  std::string n{}, e{};  // RSA, raw bytes
  std::string x{}, y{};  // P-256, raw bytes
};
// Keys for other uses, of other types or curves are left out; at most 100 are read.
Result<std::vector<VerifyingKey>> ParseKeySet(std::string_view json);

// By the key that the token names; a token that names none is tried with each key of its algorithm's type.
bool Verifies(const Jwt& jwt, const std::vector<VerifyingKey>& keys);
bool HasKeyFor(const Jwt& jwt, const std::vector<VerifyingKey>& keys);

}  // namespace aloft::federation
