#include "foundation/crypto/asymmetric.h"

#include <gtest/gtest.h>

namespace aloft::crypto {
namespace {

constexpr Digest kDigests[] = {Digest::kSha256, Digest::kSha384, Digest::kSha512};

// Every scheme that the key management service offers: what one signs, its public half verifies, and nothing else does.
TEST(Asymmetric, SignaturesHoldForTheirMessageOnly) {
  const struct {
    KeyType type;
    std::vector<SignatureScheme> schemes;
  } cases[] = {{KeyType::kRsa2048, {SignatureScheme::kRsaPss, SignatureScheme::kRsaPkcs1}},
               {KeyType::kP256, {SignatureScheme::kEcdsa}},
               {KeyType::kP384, {SignatureScheme::kEcdsa}},
               {KeyType::kP521, {SignatureScheme::kEcdsa}},
               {KeyType::kSecp256k1, {SignatureScheme::kEcdsa}}};
  for (const auto& each : cases) {
    const auto pair = MakeKeyPair(each.type).value();
    for (const SignatureScheme scheme : each.schemes) {
      for (const Digest digest : kDigests) {
        const std::string value = Digested(digest, "message"), other = Digested(digest, "massage");
        auto signature = SignDigest(pair.private_key, scheme, digest, value);
        ASSERT_TRUE(signature.ok()) << Describe(signature.error());
        EXPECT_TRUE(VerifyDigest(pair.public_key, scheme, digest, value, *signature).value());
        EXPECT_FALSE(VerifyDigest(pair.public_key, scheme, digest, other, *signature).value());
        std::string changed = *signature;
        changed[changed.size() / 2] = static_cast<char>(changed[changed.size() / 2] ^ 1);
        EXPECT_FALSE(VerifyDigest(pair.public_key, scheme, digest, value, changed).value());
        EXPECT_FALSE(VerifyDigest(pair.public_key, scheme, digest, value, "").value());
      }
    }
  }
}

// OAEP up to its capacity; not one byte more, not with the other digest, not by another key.
TEST(Asymmetric, OaepOpensOnlyWithItsKeyAndDigest) {
  const auto pair = MakeKeyPair(KeyType::kRsa2048).value();
  for (const Digest digest : {Digest::kSha1, Digest::kSha256}) {
    const std::string most(OaepCapacity(2048, DigestSize(digest)), 'x');
    const auto sealed = OaepEncrypt(pair.public_key, digest, most);
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(OaepDecrypt(pair.private_key, digest, *sealed).value(), most);
    EXPECT_FALSE(OaepEncrypt(pair.public_key, digest, most + "x").ok());
    EXPECT_EQ(OaepDecrypt(pair.private_key, digest, "short").error().reason, kSealBroken);
    const Digest wrong = digest == Digest::kSha1 ? Digest::kSha256 : Digest::kSha1;
    EXPECT_EQ(OaepDecrypt(pair.private_key, wrong, *sealed).error().reason, kSealBroken);
  }
}

// A damaged key is refused, and what is said of it does not show it.
TEST(Asymmetric, DamagedKeysAreRefused) {
  const auto pair = MakeKeyPair(KeyType::kP256).value();
  const std::string cut = pair.private_key.substr(0, pair.private_key.size() / 2);
  const auto refused = SignDigest(cut, SignatureScheme::kEcdsa, Digest::kSha256, Sha256("m"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, kCryptoFailed);
  EXPECT_FALSE(VerifyDigest("", SignatureScheme::kEcdsa, Digest::kSha256, Sha256("m"), "s").ok());
}

}  // namespace
}  // namespace aloft::crypto
