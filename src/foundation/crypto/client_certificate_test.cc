#include "foundation/crypto/client_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foundation/crypto/asymmetric.h"

namespace aloft::crypto {
namespace {

using testing::ElementsAre;
constexpr std::chrono::seconds kDay = std::chrono::hours(24);
const Time kNow = Time(std::chrono::seconds(1'700'000'000));

// An agent tells its public key and is told who it is: signed by the authority, for that key, and for as long as was
// said.
TEST(ClientCertificate, NamesWhoeverHasTheKey) {
  const auto authority = MakeAuthority("Aloft test", kNow, 10 * kDay);
  const auto key = MakeClientKey();
  ASSERT_TRUE(key.ok()) << Describe(key.error());
  const std::string task = "training.111122223333.us-east-1." + std::string(63, 'j');
  const auto made =
      MakeClientCertificate(*authority, key->public_key, {task, "aloft-task://node-7/" + task}, kNow, kNow + kDay);
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  const auto info = ReadCertificate(*made);
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->subject, task.substr(0, 64));
  EXPECT_THAT(info->names, ElementsAre("aloft-task://node-7/" + task));
  EXPECT_EQ(info->not_after, kNow + kDay);
  EXPECT_FALSE(info->authority);
  EXPECT_TRUE(IsSignedBy(*made, authority->certificate_pem));
  EXPECT_TRUE(KeyBelongsTo(key->key_pem, *made));
}

// What a session is bound to is the key: a renewed certificate has the same thumbprint, another key another one.
TEST(ClientCertificate, ARenewedOneHasTheSameThumbprint) {
  const auto authority = MakeAuthority("Aloft test", kNow, 10 * kDay);
  const auto key = MakeClientKey(), other = MakeClientKey();
  const auto thumbprint = [&](const ClientKey& of, Time until) {
    return ReadCertificate(*MakeClientCertificate(*authority, of.public_key, {"t", "aloft-task://h/t"}, kNow, until))
        ->key_sha256_hex;
  };
  EXPECT_EQ(thumbprint(*key, kNow + kDay), thumbprint(*key, kNow + 2 * kDay));
  EXPECT_NE(thumbprint(*key, kNow + kDay), thumbprint(*other, kNow + kDay));
}

// The key comes out of a file that an agent wrote: what is no key of the one kind is refused, never signed.
TEST(ClientCertificate, RefusesOtherKeys) {
  const auto authority = MakeAuthority("Aloft test", kNow, 10 * kDay);
  const auto key = MakeClientKey();
  const auto rsa = MakeKeyPair(KeyType::kRsa2048), p384 = MakeKeyPair(KeyType::kP384);
  for (const std::string& bad : {std::string(), std::string("junk"), rsa->public_key, p384->public_key,
                                 key->public_key + "x", key->public_key.substr(1)})
    EXPECT_EQ(MakeClientCertificate(*authority, bad, {"t", "u"}, kNow, kNow + kDay).error().reason, kBadCertificate);
}

}  // namespace
}  // namespace aloft::crypto
