#include "platform/compute/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foundation/crypto/errors.h"
#include "foundation/crypto/hpke.h"

namespace aloft::compute {
namespace {

using testing::HasSubstr;
using testing::Not;

const Credentials kGiven{"AKID", "the-secret", "the-token", FromMicros(1'700'000'000'000'000)};

// What goes through the file is exactly what was issued, and the file shows nothing of it.
TEST(CredentialsTest, ReachTheAgentTheyWereSealedTo) {
  SeededRandom random(1);
  std::string key(crypto::kHpkeKeySize, 'k');
  auto text = SealCredentials({.agent = kGiven}, TaskId("a"), crypto::HpkePublicKey(key), random);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, Not(HasSubstr("the-")));
  auto opened = OpenCredentials(*text, TaskId("a"), key);
  ASSERT_TRUE(opened.ok()) << Describe(opened.error());
  EXPECT_EQ(opened->agent.access_key_id, "AKID");
  EXPECT_EQ(opened->agent.secret_access_key, "the-secret");
  EXPECT_EQ(opened->agent.session_token, "the-token");
  EXPECT_EQ(opened->agent.expires, kGiven.expires);
}

// An agent whose session is bound gets the certificate beside it, and its code a session of its own.
TEST(CredentialsTest, BringTheCertificateAndTheCodesOwnSession) {
  SeededRandom random(1);
  std::string key(crypto::kHpkeKeySize, 'k');
  const Grant grant{.agent = kGiven, .certificate_pem = "a certificate", .code = Credentials{"AKID2", "s", "t", {}}};
  auto opened =
      OpenCredentials(*SealCredentials(grant, TaskId("a"), crypto::HpkePublicKey(key), random), TaskId("a"), key);
  ASSERT_TRUE(opened.ok()) << Describe(opened.error());
  EXPECT_EQ(opened->certificate_pem, "a certificate");
  EXPECT_EQ(opened->agent.access_key_id, "AKID");
  ASSERT_TRUE(opened->code);
  EXPECT_EQ(opened->code->access_key_id, "AKID2");
}

// A file that was moved from one task to another, or that another agent reads, opens nothing.
TEST(CredentialsTest, OpenForNoOtherTaskOrAgent) {
  SeededRandom random(1);
  std::string key(crypto::kHpkeKeySize, 'k'), other(crypto::kHpkeKeySize, 'o');
  std::string text = *SealCredentials({.agent = kGiven}, TaskId("a"), crypto::HpkePublicKey(key), random);
  EXPECT_EQ(OpenCredentials(text, TaskId("b"), key).error().reason, crypto::kSealBroken);
  EXPECT_EQ(OpenCredentials(text, TaskId("a"), other).error().reason, crypto::kSealBroken);
  for (const char* broken : {"", "{}", "[]", R"({"version":2})", R"({"version":2,"sealed":"-"})", R"({"version":3})",
                             R"({"version":1,"access_key_id":"a"})"})
    EXPECT_EQ(OpenCredentials(broken, TaskId("a"), key).error().reason, kCorrupt) << broken;
}

// A server that is replaced while tasks run keeps its promise to the agents of before: they read version 1.
TEST(CredentialsTest, PlainOnesOfAnEarlierVersionAreRead) {
  auto opened = OpenCredentials(EncodePlainCredentials(kGiven), TaskId("a"), std::string(crypto::kHpkeKeySize, 'k'));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->agent.secret_access_key, "the-secret");
}

}  // namespace
}  // namespace aloft::compute
