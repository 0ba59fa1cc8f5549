#include "platform/sessions/sign_in.h"

#include <gmock/gmock.h>

#include "platform/identity/account_records.h"
#include "platform/identity/testing_identity.h"

namespace aloft::sessions {
namespace {

using identity::Entity;
using identity::EntityKind;

class SignInTest : public testing::TestWithParam<sql::Engine>, protected identity::IdentityFixture {
 protected:
  SignInTest() : IdentityFixture(GetParam(), factors::Migrations()) {
    Administrator();
    user_ = Make(EntityKind::kUser, "ada", R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
    SetPassword("Good-enough-1", false);
  }
  void SetPassword(const std::string& password, bool reset) {
    factors::Login login{.account = identity::kAccount, .owner = user_.id};
    ASSERT_TRUE(factors_.SetPassword({}, "ada", password, login).ok());
    login.reset_required = reset;
    ASSERT_TRUE(database_->Write([&](sql::Transaction& t) { return factors::records::PutLogin(t, login); }).ok());
  }
  SignInRequest Request(const std::string& password = "Good-enough-1") {
    return {.account = identity::kAccount.value(), .user = "ada", .password = password, .address = "10.0.0.7"};
  }

  factors::Service factors_{service()};
  SignIn sign_in_{service(), factors_};
  Entity user_;
};
ALOFT_ON_EACH_ENGINE(SignInTest);

// Each sign-in is a session of its own, for the user, and may what the user may, IAM included.
TEST_P(SignInTest, GivesASessionOfItsOwn) {
  const auto first = sign_in_.Start(Request()), second = sign_in_.Start(Request());
  ASSERT_TRUE(first.ok()) << Describe(first.error());
  EXPECT_NE(first->token, second->token);
  EXPECT_NE(first->csrf, second->csrf);
  const auto opened = sign_in_.Open(first->token);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->session.arn, user_.Arn());
  EXPECT_EQ(opened->csrf, first->csrf);
  const auto issued = sign_in_.Credentials(opened->session, std::chrono::hours(1));
  const auto credential = service().FindCredential(issued.access_key_id, issued.session_token);
  ASSERT_TRUE(credential.ok());
  EXPECT_TRUE(service().Authorize(credential->session, "iam:CreateUser", "*", {}).allowed);
  // A session's token is no AWS session token, nor the other way round.
  EXPECT_FALSE(service().FindCredential(issued.access_key_id, first->token).ok());
  EXPECT_FALSE(sign_in_.Open(issued.session_token).ok());
}

// Signing out ends the session and what was issued from it, and no other session.
TEST_P(SignInTest, SignOutEndsItAll) {
  const auto first = sign_in_.Start(Request()), second = sign_in_.Start(Request());
  const auto issued = sign_in_.Credentials(first->session, std::chrono::hours(1));
  ASSERT_TRUE(sign_in_.End(*first).ok());
  EXPECT_EQ(sign_in_.Open(first->token).error().reason, kNoWebSession);
  EXPECT_FALSE(service().FindCredential(issued.access_key_id, issued.session_token).ok());
  EXPECT_TRUE(sign_in_.Open(second->token).ok());
}

// A session ends with its time, and when the password changes: who had the old one is out.
TEST_P(SignInTest, SessionsEnd) {
  const auto made = sign_in_.Start(Request());
  clock_.Advance(std::chrono::seconds(1));
  SetPassword("Another-one-2", false);
  EXPECT_EQ(sign_in_.Open(made->token).error().reason, kNoWebSession);
  clock_.Advance(std::chrono::seconds(1));
  const auto again = sign_in_.Start(Request("Another-one-2"));
  const auto issued = sign_in_.Credentials(again->session, std::chrono::hours(36));
  EXPECT_EQ(issued.session.expires, again->session.expires);
  clock_.Advance(kWebSession);
  EXPECT_EQ(sign_in_.Open(again->token).error().reason, kNoWebSession);
}

// A password that an administrator set opens only the door to a new one.
TEST_P(SignInTest, FirstPasswordsAreChanged) {
  SetPassword("From-the-admin-1", true);
  SignInRequest request = Request("From-the-admin-1");
  EXPECT_EQ(sign_in_.Start(request).error().reason, kPasswordChangeRequired);
  request.new_password = "From-the-admin-1";
  EXPECT_EQ(sign_in_.Start(request).error().reason, factors::kPasswordPolicyViolation);
  request.new_password = "short";
  EXPECT_EQ(sign_in_.Start(request).error().reason, factors::kPasswordPolicyViolation);
  request.new_password = "My-own-words-2";
  const auto made = sign_in_.Start(request);
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  EXPECT_TRUE(sign_in_.Open(made->token).ok());
  EXPECT_EQ(sign_in_.Start(Request("From-the-admin-1")).error().reason, factors::kSignInFailed);
}

}  // namespace
}  // namespace aloft::sessions
