#include <gmock/gmock.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <future>

#include "foundation/codec/base64.h"
#include "foundation/codec/json.h"
#include "platform/federation/errors.h"
#include "platform/federation/issuer_keys.h"
#include "platform/federation/jwt.h"

namespace aloft::federation {
namespace {

using ::testing::HasSubstr;

// An issuer's key pair, on the other side of what this room verifies.
class Pair {
 public:
  explicit Pair(bool rsa) : rsa_(rsa), key_(rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256")) {}
  ~Pair() { EVP_PKEY_free(key_); }

  std::string Sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit_ex(context, nullptr, "SHA256", nullptr, nullptr, key_, nullptr);
    std::size_t size = 512;
    std::string out(size, '\0');
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    out.resize(size);
    if (rsa_) return out;
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size()));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return raw;
  }
  std::string Jwk(const std::string& id) const {
    return rsa_ ? R"({"kty":"RSA","use":"sig","kid":")" + id + R"(","n":")" + Number(OSSL_PKEY_PARAM_RSA_N) +
                      R"(","e":")" + Number(OSSL_PKEY_PARAM_RSA_E) + "\"}"
                : R"({"kty":"EC","crv":"P-256","kid":")" + id + R"(","x":")" + Number(OSSL_PKEY_PARAM_EC_PUB_X) +
                      R"(","y":")" + Number(OSSL_PKEY_PARAM_EC_PUB_Y) + "\"}";
  }
  std::string Token(const std::string& header, const std::string& claims) const {
    const std::string text = codec::Base64UrlEncode(header) + "." + codec::Base64UrlEncode(claims);
    return text + "." + codec::Base64UrlEncode(Sign(text));
  }

 private:
  std::string Number(const char* name) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_, name, &number);
    std::string out(static_cast<std::size_t>(rsa_ ? BN_num_bytes(number) : 32), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(number);
    return codec::Base64UrlEncode(out);
  }
  bool rsa_;
  EVP_PKEY* key_;
};

std::vector<VerifyingKey> SetOf(const std::string& keys) {
  return ParseKeySet(R"({"keys":[)" + keys + "]}").value();
}

// Tokens of both algorithms verify by their own key, and by no other, and not once a byte was changed.
TEST(JwtTest, VerifiesByTheIssuersKeys) {
  const Pair rsa(true), ec(false), other(true);
  const auto keys = SetOf(rsa.Jwk("r") + "," + ec.Jwk("e"));
  ASSERT_EQ(keys.size(), 2u);
  const std::string claims = R"({"iss":"https://i","sub":"s","aud":["a","b"],"exp":1700000000})";
  for (const auto& [pair, alg, id] : {std::tuple(&rsa, "RS256", "r"), std::tuple(&ec, "ES256", "e")}) {
    const std::string header = std::string(R"({"alg":")") + alg + R"(","kid":")" + id + "\"}";
    const std::string token = pair->Token(header, claims);
    const auto jwt = ParseJwt(token);
    ASSERT_TRUE(jwt.ok()) << Describe(jwt.error());
    EXPECT_TRUE(Verifies(*jwt, keys)) << alg;
    EXPECT_EQ(jwt->Text("sub"), "s");
    EXPECT_EQ(jwt->Seconds("exp"), 1'700'000'000);
    EXPECT_EQ(jwt->Audiences(), (std::vector<std::string>{"a", "b"}));
    EXPECT_FALSE(Verifies(*jwt, SetOf(other.Jwk(id)))) << alg;
    Jwt changed = *jwt;
    changed.signed_text.back() ^= 1;
    EXPECT_FALSE(Verifies(changed, keys)) << alg;
    changed = *jwt;
    changed.signature[5] ^= 1;
    EXPECT_FALSE(Verifies(changed, keys)) << alg;
    // A token without a key id is tried with each key of its kind.
    const auto nameless = ParseJwt(pair->Token(std::string(R"({"alg":")") + alg + "\"}", claims));
    EXPECT_TRUE(Verifies(*nameless, keys)) << alg;
  }
}

// The classic ways around a signature: no algorithm, a MAC keyed with the public key, the other key type, extensions.
TEST(JwtTest, RefusesAlgorithmTricks) {
  const Pair rsa(true);
  const auto keys = SetOf(rsa.Jwk("r"));
  for (const char* header : {R"({"alg":"none"})", R"({"alg":"HS256","kid":"r"})", R"({"alg":"RS512"})", R"({})",
                             R"({"alg":"RS256","crit":["x"]})"})
    EXPECT_EQ(ParseJwt(rsa.Token(header, "{}")).error().reason, kInvalidIdentityToken) << header;
  EXPECT_FALSE(Verifies(*ParseJwt(rsa.Token(R"({"alg":"ES256","kid":"r"})", "{}")), keys));
  const std::string text =
      codec::Base64UrlEncode(std::string(R"({"alg":"RS256"})")) + "." + codec::Base64UrlEncode(std::string("{}"));
  EXPECT_FALSE(Verifies(*ParseJwt(text + "."), keys));
  for (const char* bad : {"", "a.b", "a.b.c.d", "!.!.!", "e30.e30.e30"})
    EXPECT_FALSE(ParseJwt(bad).ok() && Verifies(*ParseJwt(bad), keys)) << bad;
  EXPECT_FALSE(ParseJwt(std::string(20'001, 'a')).ok());
}

// Key sets come from outside: what is not usable is left out, what is no set is refused.
TEST(JwtTest, ReadsKeySetsWithCare) {
  const Pair ec(false);
  EXPECT_EQ(SetOf(R"({"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"},{"kty":"oct","k":"AAAA"},
                     {"kty":"EC","crv":"P-521","x":"AA","y":"AA"},7,)" +
                  ec.Jwk("e"))
                .size(),
            1u);
  EXPECT_FALSE(ParseKeySet("[]").ok());
  EXPECT_FALSE(ParseKeySet("").ok());
  // Weak RSA keys verify nothing even where the issuer offers them.
  EXPECT_FALSE(
      Verifies(*ParseJwt(ec.Token(R"({"alg":"RS256"})", "{}")), SetOf(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})")));
}

// URLs by which a registered provider could reach where it must not.
TEST(IssuerUrlTest, KeepsOutOfTheHouse) {
  for (const char* url : {"http://issuer.example", "ftp://i", "https://", "https://a@b", "https://i?x=1", "https://i#x",
                          "https://i/ x", "https://i:99999", "https://i\\x", "file:///etc/passwd", "https://[::1]/"})
    EXPECT_FALSE(CheckIssuerUrl(url, IssuerNetworks::kLoopback).ok()) << url;
  EXPECT_TRUE(CheckIssuerUrl("https://token.actions.githubusercontent.com", IssuerNetworks::kPublic).ok());
  EXPECT_FALSE(CheckIssuerUrl("http://127.0.0.1:8080/realm", IssuerNetworks::kPrivate).ok());
  EXPECT_TRUE(CheckIssuerUrl("http://127.0.0.1:8080/realm", IssuerNetworks::kLoopback).ok());
}

// An issuer whose name leads into this machine is not connected to, whatever its URL says.
TEST(IssuerKeysTest, DoesNotConnectToForbiddenNetworks) {
  SystemClock clock;
  const auto issuers = IssuerKeys::Create({}, clock).value();
  const Pair rsa(true);
  const Jwt jwt = *ParseJwt(rsa.Token(R"({"alg":"RS256"})", "{}"));
  for (const char* url :
       {"https://127.0.0.1:1", "https://169.254.169.254", "https://localhost:1", "https://10.0.0.1"}) {
    std::promise<Result<std::shared_ptr<const IssuerKeys::Keys>>> promise;
    issuers->Get(url, jwt, [&](auto keys) { promise.set_value(std::move(keys)); });
    const auto keys = promise.get_future().get();
    ASSERT_FALSE(keys.ok()) << url;
    EXPECT_EQ(keys.error().reason, kIssuerUnreachable) << url;
    EXPECT_THAT(keys.error().detail, HasSubstr("may not be connected to")) << url;
  }
}

}  // namespace
}  // namespace aloft::federation
