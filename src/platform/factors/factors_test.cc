#include <gmock/gmock.h>

#include "foundation/base/bytes.h"
#include "foundation/os/file.h"
#include "platform/factors/service.h"
#include "platform/factors/totp.h"
#include "platform/identity/account_records.h"
#include "platform/identity/testing_identity.h"

namespace aloft::factors {
namespace {

using identity::EntityKind;
using std::chrono::seconds;

// RFC 6238, appendix B: the codes that every authenticator app makes (their last six digits).
TEST(TotpTest, MakesThePublishedCodes) {
  const std::string seed = "12345678901234567890";
  const auto at = [&](std::int64_t second) { return CodeOf(seed, second / 30); };
  EXPECT_EQ(at(59), "287082");
  EXPECT_EQ(at(1111111109), "081804");
  EXPECT_EQ(at(1234567890), "005924");
  EXPECT_EQ(at(20000000000), "353130");
  EXPECT_EQ(Base32(seed), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

// Clocks differ by a step; nothing further is accepted, and no code twice.
TEST(TotpTest, AcceptsItsWindowOnce) {
  const std::string seed = "12345678901234567890";
  const Time now(seconds(1'700'000'000));
  const std::int64_t step = StepOf(now);
  for (const int off : {-1, 0, 1}) EXPECT_EQ(MatchCode(seed, CodeOf(seed, step + off), now, 0, 0), step + off);
  for (const int off : {-2, 2}) EXPECT_FALSE(MatchCode(seed, CodeOf(seed, step + off), now, 0, 0));
  EXPECT_FALSE(MatchCode(seed, CodeOf(seed, step), now, 0, step));
  EXPECT_EQ(MatchCode(seed, CodeOf(seed, step + 5), now, 5, 0), step + 5);
  EXPECT_EQ(MatchTwoCodes(seed, CodeOf(seed, step + 40), CodeOf(seed, step + 41), now, 100), step + 41);
  EXPECT_FALSE(MatchTwoCodes(seed, CodeOf(seed, step), CodeOf(seed, step + 2), now, 100));
}

// Waits double, names do not disturb one another, and a flood of names takes bounded memory.
TEST(ThrottleTest, SlowsGuessingInBoundedMemory) {
  ManualClock clock;
  Throttle throttle({.free_failures = 3, .most_entries = 100}, clock);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(throttle.Check("ada").ok());
    throttle.Failed("ada");
  }
  EXPECT_EQ(throttle.Check("ada").error().reason, kTooManyAttempts);
  EXPECT_TRUE(throttle.Check("bob").ok());
  clock.Advance(seconds(1));
  EXPECT_TRUE(throttle.Check("ada").ok());
  throttle.Failed("ada");
  clock.Advance(seconds(1));
  EXPECT_FALSE(throttle.Check("ada").ok());
  clock.Advance(seconds(1));
  EXPECT_TRUE(throttle.Check("ada").ok());
  throttle.Succeeded("ada");
  EXPECT_EQ(throttle.size(), 0u);
  for (int i = 0; i < 10'000; ++i) throttle.Failed("name-" + std::to_string(i));
  EXPECT_EQ(throttle.size(), 100u);
}

// Each demand of the policy is named when it is not met.
TEST(PasswordTest, PolicyNamesWhatIsMissing) {
  const auto refused = [](const PasswordPolicy& policy, std::string_view password) {
    const auto status = CheckPassword(policy, password, "ada");
    return status.ok() ? std::string() : status.error().message;
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(refused({}, "short1A"), HasSubstr("at least 8"));
  EXPECT_THAT(refused({}, "alllowercase"), HasSubstr("three of"));
  EXPECT_EQ(refused({}, "Good-enough-1"), "");
  PasswordPolicy strict{
      .custom = true, .minimum_length = 12, .symbols = true, .numbers = true, .uppercase = true, .lowercase = true};
  EXPECT_THAT(refused(strict, "Abcdefghijk-"), HasSubstr("digit"));
  EXPECT_THAT(refused(strict, "Abcdefghijk1"), HasSubstr("symbol"));
  EXPECT_THAT(refused(strict, "abcdefghij-1"), HasSubstr("upper-case"));
  EXPECT_THAT(refused(strict, "ABCDEFGHIJ-1"), HasSubstr("lower-case"));
  EXPECT_EQ(refused(strict, "Abcdefghij-1"), "");
}

// What is kept opens for the password only, and damage opens nothing.
TEST(PasswordTest, MatchesOnlyItself) {
  SeededRandom random(1);
  PasswordHasher hasher(random);
  const std::string kept = hasher.Hash("Good-enough-1").value();
  EXPECT_TRUE(hasher.Matches("Good-enough-1", kept));
  EXPECT_FALSE(hasher.Matches("Good-enough-2", kept));
  for (const char* damaged : {"", "scrypt", "scrypt$15$8$1$$", "scrypt$99$8$1$AAAA$AAAA", "plain"})
    EXPECT_FALSE(hasher.Matches("Good-enough-1", damaged)) << damaged;
}

class FactorsTest : public testing::TestWithParam<sql::Engine>, protected identity::IdentityFixture {
 protected:
  FactorsTest() : IdentityFixture(GetParam(), Migrations()) {
    Administrator();
    factors_ = std::make_unique<Service>(service());
    user_ = Make(EntityKind::kUser, "ada", "");
  }
  void SetPassword(const std::string& password) {
    Login login{.account = identity::kAccount, .owner = user_.id};
    ASSERT_TRUE(factors_->SetPassword({}, "ada", password, login).ok());
    ASSERT_TRUE(database_->Write([&](sql::Transaction& t) { return records::PutLogin(t, login); }).ok());
  }
  std::string AddDevice() {
    const std::string seed = factors_->NewSeed();
    const std::string serial = "arn:aws:iam::123456789012:mfa/ada";
    const Device device{.account = identity::kAccount,
                        .serial = serial,
                        .owner = user_.id,
                        .sealed_seed = factors_->SealSeed(serial, seed),
                        .created = clock_.Now()};
    EXPECT_TRUE(database_->Write([&](sql::Transaction& t) { return records::PutDevice(t, device); }).ok());
    return seed;
  }
  Reason SignIn(const std::string& user, const std::string& password, const std::string& code = "") {
    const auto checked = factors_->Check(identity::kAccount.value(), user, password, code, "10.0.0.7");
    return checked.ok() ? Reason{ErrorKind::kInternal, "ok"} : checked.error().reason;
  }

  std::unique_ptr<Service> factors_;
  identity::Entity user_;
};
ALOFT_ON_EACH_ENGINE(FactorsTest);

// Name, password and code together, and nothing that tells which of them was wrong.
TEST_P(FactorsTest, SignInNeedsEverything) {
  SetPassword("Good-enough-1");
  EXPECT_EQ(SignIn("ada", "Good-enough-1").name, "ok");
  const std::string seed = AddDevice();
  const std::string code = CodeOf(seed, StepOf(clock_.Now()));
  EXPECT_EQ(SignIn("ada", "Good-enough-1"), kSignInFailed);
  EXPECT_EQ(SignIn("ada", "wrong", code), kSignInFailed);
  EXPECT_EQ(SignIn("nobody", "Good-enough-1", code), kSignInFailed);
  EXPECT_EQ(SignIn("ADA", "Good-enough-1", code).name, "ok");
  // A code that was seen over the shoulder is worth nothing.
  EXPECT_EQ(SignIn("ada", "Good-enough-1", code), kSignInFailed);
}

// Guessing is slowed for a name whether it exists or not.
TEST_P(FactorsTest, GuessingIsThrottled) {
  SetPassword("Good-enough-1");
  for (const char* name : {"ada", "nobody"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(SignIn(name, "wrong"), kSignInFailed);
    EXPECT_EQ(SignIn(name, "Good-enough-1"), kTooManyAttempts);
  }
  clock_.Advance(seconds(2));
  EXPECT_EQ(SignIn("ada", "Good-enough-1").name, "ok");
}

// Of what is stored nothing can be read: neither passwords nor seeds, whole or as text.
TEST_P(FactorsTest, SecretsAreSealed) {
  SetPassword("Planted-secret-1");
  const std::string seed = AddDevice();
  if (GetParam() != sql::Engine::kSqlite) return;
  Stop();
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    const std::string bytes = os::ReadFile(file.path().string()).value();
    for (const std::string& planted : {std::string("Planted-secret-1"), std::string("scrypt$"), seed, Base32(seed)})
      EXPECT_EQ(bytes.find(planted), std::string::npos) << file.path();
  }
}

// The history keeps old passwords away for as many changes as the account demands.
TEST_P(FactorsTest, OldPasswordsDoNotComeBack) {
  const PasswordPolicy policy{.custom = true, .minimum_length = 6, .reuse_prevention = 2};
  Login login{.account = identity::kAccount, .owner = user_.id};
  ASSERT_TRUE(factors_->SetPassword(policy, "ada", "first-1", login).ok());
  ASSERT_TRUE(factors_->SetPassword(policy, "ada", "second-2", login).ok());
  EXPECT_EQ(factors_->SetPassword(policy, "ada", "first-1", login).error().reason, kPasswordPolicyViolation);
  EXPECT_TRUE(factors_->Matches(login, "second-2"));
}

}  // namespace
}  // namespace aloft::factors
