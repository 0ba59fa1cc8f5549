#include "foundation/crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloft::crypto {
namespace {

using testing::ElementsAre;
constexpr std::chrono::seconds kDay = std::chrono::hours(24);
const Time kNow = Time(std::chrono::seconds(1'700'000'000));

// A fresh installation's chain: clients check signer, names, addresses, validity and that only the authority signs.
TEST(Certificate, TheAuthoritySignsServerCertificates) {
  const auto authority = MakeAuthority("Aloft test", kNow, 10 * kDay);
  ASSERT_TRUE(authority.ok()) << Describe(authority.error());
  const auto server =
      MakeServerCertificate(*authority, {"localhost", "*.cloud.example", "127.0.0.1", "::1"}, kNow, kDay);
  ASSERT_TRUE(server.ok()) << Describe(server.error());

  const auto top = ReadCertificate(authority->certificate_pem), leaf = ReadCertificate(server->certificate_pem);
  ASSERT_TRUE(top.ok() && leaf.ok());
  EXPECT_TRUE(top->authority);
  EXPECT_EQ(top->subject, "Aloft test");
  EXPECT_FALSE(leaf->authority);
  EXPECT_EQ(leaf->issuer, "Aloft test");
  EXPECT_EQ(leaf->subject, "localhost");
  EXPECT_THAT(leaf->names, ElementsAre("localhost", "*.cloud.example", "127.0.0.1", "::1"));
  EXPECT_EQ(leaf->not_before, kNow - std::chrono::hours(1));
  EXPECT_EQ(leaf->not_after, kNow + kDay);
  EXPECT_EQ(leaf->sha256_hex.size(), 64u);

  EXPECT_TRUE(IsSignedBy(server->certificate_pem, authority->certificate_pem));
  EXPECT_TRUE(KeyBelongsTo(server->key_pem, server->certificate_pem));
  EXPECT_FALSE(KeyBelongsTo(authority->key_pem, server->certificate_pem));
}

// Two installations may share a name; their certificates must not pass for each other's.
TEST(Certificate, AnotherAuthorityOfTheSameNameIsNotTheSigner) {
  const auto a = MakeAuthority("Aloft", kNow, kDay), b = MakeAuthority("Aloft", kNow, kDay);
  const auto server = MakeServerCertificate(*a, {"localhost"}, kNow, kDay);
  ASSERT_TRUE(server.ok());
  EXPECT_FALSE(IsSignedBy(server->certificate_pem, b->certificate_pem));
  EXPECT_NE(ReadCertificate(a->certificate_pem)->sha256_hex, ReadCertificate(b->certificate_pem)->sha256_hex);
}

// Operators bring their own files: what is not a certificate, or a key of another one, is an error, never a crash.
TEST(Certificate, RefusesWhatItCannotRead) {
  EXPECT_EQ(ReadCertificate("hello").error().reason, kBadCertificate);
  EXPECT_EQ(ReadCertificate("").error().reason, kBadCertificate);
  EXPECT_EQ(MakeServerCertificate({"a", "b"}, {"localhost"}, kNow, kDay).error().reason, kBadCertificate);
  const auto a = MakeAuthority("A", kNow, kDay), b = MakeAuthority("B", kNow, kDay);
  EXPECT_FALSE(MakeServerCertificate({a->certificate_pem, b->key_pem}, {"localhost"}, kNow, kDay).ok());
  EXPECT_FALSE(MakeServerCertificate(*a, {}, kNow, kDay).ok());
  EXPECT_FALSE(IsSignedBy("x", a->certificate_pem));
  EXPECT_FALSE(KeyBelongsTo("x", a->certificate_pem));
}

// A DNS name longer than a common name may be still works: it stands among the alternative names.
TEST(Certificate, TakesLongNames) {
  const auto authority = MakeAuthority("A", kNow, kDay);
  const std::string name = std::string(63, 'a') + "." + std::string(63, 'b') + ".example";
  const auto server = MakeServerCertificate(*authority, {name}, kNow, kDay);
  ASSERT_TRUE(server.ok());
  EXPECT_THAT(ReadCertificate(server->certificate_pem)->names, ElementsAre(name));
}

}  // namespace
}  // namespace aloft::crypto
