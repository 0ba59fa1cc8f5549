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
  auto text = SealCredentials(kGiven, TaskId("a"), crypto::HpkePublicKey(key), random);
  ASSERT_TRUE(text.ok());
  EXPECT_THAT(*text, Not(HasSubstr("the-")));
  auto opened = OpenCredentials(*text, TaskId("a"), key);
  ASSERT_TRUE(opened.ok()) << Describe(opened.error());
  EXPECT_EQ(opened->access_key_id, "AKID");
  EXPECT_EQ(opened->secret_access_key, "the-secret");
  EXPECT_EQ(opened->session_token, "the-token");
  EXPECT_EQ(opened->expires, kGiven.expires);
}

// A file that was moved from one task to another, or that another agent reads, opens nothing.
TEST(CredentialsTest, OpenForNoOtherTaskOrAgent) {
  SeededRandom random(1);
  std::string key(crypto::kHpkeKeySize, 'k'), other(crypto::kHpkeKeySize, 'o');
  std::string text = *SealCredentials(kGiven, TaskId("a"), crypto::HpkePublicKey(key), random);
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
  EXPECT_EQ(opened->secret_access_key, "the-secret");
}

}  // namespace
}  // namespace aloft::compute
