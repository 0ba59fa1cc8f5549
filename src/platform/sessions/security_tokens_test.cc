#include "platform/sessions/security_tokens.h"

#include <gmock/gmock.h>

#include "platform/directory/testing_directory.h"
#include "platform/factors/totp.h"
#include "platform/identity/denial.h"
#include "platform/sessions/errors.h"

namespace aloft::sessions {
namespace {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
namespace sts = shapes::sts;
using identity::Session;
using testing::HasSubstr;

constexpr const char* kAllow =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";

template <class R>
std::string Refusal(const R& result) {
  return result.ok() ? "ok" : std::string(result.error().reason.name) + ": " + result.error().message;
}

sts::AssumeRoleRequest Assume(const Entity& role) {
  return {.role_arn = role.Arn(), .role_session_name = "s"};
}

class SecurityTokensTest : public testing::TestWithParam<sql::Engine>, protected directory::DirectoryFixture {
 protected:
  SecurityTokensTest() : DirectoryFixture(GetParam(), factors::Migrations()) {}

  template <class Response>
  Session Open(const Response& made) {
    return service().FindCredential(*made.credentials->access_key_id, *made.credentials->session_token)->session;
  }
  // A device of the user's; its seed.
  std::string AddDevice(const Entity& user) {
    const std::string seed = factors_.NewSeed(), serial = "arn:aws:iam::123456789012:mfa/" + user.name;
    const factors::Device device{
        .account = kAccount, .serial = serial, .owner = user.id, .sealed_seed = factors_.SealSeed(serial, seed)};
    EXPECT_TRUE(database_->Write([&](sql::Transaction& t) { return factors::records::PutDevice(t, device); }).ok());
    return seed;
  }

  factors::Service factors_{service()};
  std::unique_ptr<federation::IssuerKeys> issuers_ = federation::IssuerKeys::Create({}, clock_).value();
  SecurityTokens tokens_{{service(), factors_, *issuers_}};
};
ALOFT_ON_EACH_ENGINE(SecurityTokensTest);

// Who may assume a role: both the trust and the caller's policies, or a trust that names the caller itself.
TEST_P(SecurityTokensTest, AssumeRoleNeedsBothSides) {
  const Entity ada = NewUser("ada"), bob = NewUser("bob");
  const Entity account_wide = NewRole("wide", TrustOf(R"({"AWS": "arn:aws:iam::123456789012:root"})"));
  const Entity only_bob = NewRole("bobs", TrustOf(R"({"AWS": ")" + bob.Arn() + "\"}"));
  EXPECT_EQ(Refusal(tokens_.AssumeRole(SessionOf(ada), Assume(account_wide), {})),
            "AccessDenied: User: arn:aws:iam::123456789012:user/ada is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws:iam::123456789012:role/wide");
  EXPECT_TRUE(tokens_.AssumeRole(admin_, Assume(account_wide), {}).ok());
  EXPECT_TRUE(tokens_.AssumeRole(SessionOf(bob), Assume(only_bob), {}).ok());
  EXPECT_FALSE(tokens_.AssumeRole(admin_, Assume(only_bob), {}).ok());
  EXPECT_FALSE(tokens_.AssumeRole(SessionOf(ada), Assume(only_bob), {}).ok());
  Session foreign = admin_;
  foreign.account = AccountId("999999999999");
  EXPECT_FALSE(tokens_.AssumeRole(foreign, Assume(account_wide), {}).ok());
  // A role that is not there answers as one that may not be assumed.
  Entity missing = only_bob;
  missing.name = "missing";
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, Assume(missing), {})), testing::StartsWith("AccessDenied"));
}

// The session of a role may what the role may and its passed policy also says; it ends, and its external id is checked.
TEST_P(SecurityTokensTest, AssumedSessionsAreBounded) {
  const std::string trust = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
      "Principal":{"AWS":"123456789012"},"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}}]})";
  const Entity role = NewRole("r", trust);
  ASSERT_TRUE(roles_.PutRolePolicy(admin_, {.role_name = "r", .policy_name = "p", .policy_document = kAllow}).ok());
  sts::AssumeRoleRequest request = Assume(role);
  EXPECT_FALSE(tokens_.AssumeRole(admin_, request, {}).ok());
  request.external_id = "x1";
  const auto full = tokens_.AssumeRole(admin_, request, {});
  ASSERT_TRUE(full.ok()) << Describe(full.error());
  EXPECT_EQ(full->assumed_role_user->arn, "arn:aws:sts::123456789012:assumed-role/r/s");
  const auto open = [&](const sts::AssumeRoleResponse& made) {
    return service().FindCredential(*made.credentials->access_key_id, *made.credentials->session_token)->session;
  };
  EXPECT_TRUE(May(open(*full), "s3:PutObject"));
  EXPECT_FALSE(May(open(*full), "iam:CreateUser"));
  request.policy =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","iam:*"],"Resource":"*"}]})";
  const auto narrow = tokens_.AssumeRole(admin_, request, {});
  EXPECT_TRUE(May(open(*narrow), "s3:GetObject"));
  EXPECT_FALSE(May(open(*narrow), "s3:PutObject"));
  EXPECT_FALSE(May(open(*narrow), "iam:CreateUser"));
  request.duration_seconds = 7200;
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})),
              HasSubstr("exceeds the MaxSessionDuration set for this role."));
  request.duration_seconds = 10;
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), testing::StartsWith("ValidationError"));
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(
      service().FindCredential(*full->credentials->access_key_id, *full->credentials->session_token).error().reason,
      kExpiredToken);
}

// A user's session token works as the user but not on IAM; a federated one only within its passed policy.
TEST_P(SecurityTokensTest, SessionAndFederationTokens) {
  const auto made = tokens_.GetSessionToken(admin_, {});
  ASSERT_TRUE(made.ok());
  const Session session =
      service().FindCredential(*made->credentials->access_key_id, *made->credentials->session_token)->session;
  EXPECT_EQ(session.arn, admin_.arn);
  EXPECT_TRUE(May(session, "s3:GetObject"));
  EXPECT_FALSE(May(session, "iam:CreateUser"));
  EXPECT_FALSE(tokens_.GetSessionToken(session, {}).ok());
  const auto caller = tokens_.GetCallerIdentity(session, {});
  EXPECT_EQ(caller->account, kAccount.value());
  EXPECT_EQ(caller->user_id, admin_.principal_id);

  const auto federated = tokens_.GetFederationToken(admin_, {.name = "guest", .policy = kAllow});
  ASSERT_TRUE(federated.ok()) << Describe(federated.error());
  const Session guest =
      service().FindCredential(*federated->credentials->access_key_id, *federated->credentials->session_token)->session;
  EXPECT_EQ(guest.arn, "arn:aws:sts::123456789012:federated-user/guest");
  EXPECT_TRUE(May(guest, "s3:GetObject"));
  EXPECT_FALSE(May(guest, "sagemaker:CreateModel"));
  const auto nothing = tokens_.GetFederationToken(admin_, {.name = "guest"});
  EXPECT_FALSE(
      May(service().FindCredential(*nothing->credentials->access_key_id, *nothing->credentials->session_token)->session,
          "s3:GetObject"));
  EXPECT_EQ(tokens_.GetAccessKeyInfo(admin_, {.access_key_id = administrator_.access_key_id})->account,
            kAccount.value());
}

// A trust means the user it named. Whoever is given the name of a deleted user is somebody else.
TEST_P(SecurityTokensTest, ANewUserOfAnOldNameDoesNotInheritTrust) {
  const Entity ada = NewUser("ada");
  const std::string trust = TrustOf(R"({"AWS": ")" + ada.Arn() + "\"}");
  const Entity role = NewRole("adas", trust);
  EXPECT_TRUE(tokens_.AssumeRole(SessionOf(ada), Assume(role), {}).ok());
  ASSERT_TRUE(users_.DeleteUser(admin_, {.user_name = "ada"}).ok());
  const Entity again = NewUser("ada");
  EXPECT_THAT(Refusal(tokens_.AssumeRole(SessionOf(again), Assume(role), {})), HasSubstr("AccessDenied"));
  // Written anew, the trust means the new one.
  ASSERT_TRUE(roles_.UpdateAssumeRolePolicy(admin_, {.role_name = "adas", .policy_document = trust}).ok());
  EXPECT_TRUE(tokens_.AssumeRole(SessionOf(again), Assume(role), {}).ok());
  EXPECT_EQ(Refusal(roles_.CreateRole(admin_, {.role_name = "nobodys",
                                               .assume_role_policy_document =
                                                   TrustOf(R"({"AWS": "arn:aws:iam::123456789012:user/nobody"})")})),
            R"(MalformedPolicyDocument: Invalid principal in policy: "AWS":"arn:aws:iam::123456789012:user/nobody")");
}

// Source identity and transitive tags travel down a chain of roles and cannot be changed on the way.
TEST_P(SecurityTokensTest, ChainsCarryTagsAndSource) {
  const std::string trust =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},
      "Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]})";
  const std::string all = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";
  const Entity first = NewRole("first", trust), second = NewRole("second", trust);
  for (const char* name : {"first", "second"})
    ASSERT_TRUE(roles_.PutRolePolicy(admin_, {.role_name = name, .policy_name = "p", .policy_document = all}).ok());
  sts::AssumeRoleRequest request = Assume(first);
  request.tags = std::vector<sts::Tag>{{.key = "team", .value = "ml"}, {.key = "step", .value = "1"}};
  request.transitive_tag_keys = std::vector<std::string>{"team"};
  request.source_identity = "ada";
  const auto made = tokens_.AssumeRole(admin_, request, {});
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  EXPECT_EQ(made->source_identity, "ada");
  const Session session = Open(*made);
  const auto chained = tokens_.AssumeRole(session, Assume(second), {});
  ASSERT_TRUE(chained.ok()) << Describe(chained.error());
  const Session end = Open(*chained);
  EXPECT_EQ(end.tags, (std::map<std::string, std::string>{{"team", "ml"}}));
  EXPECT_EQ(end.source_identity, "ada");
  sts::AssumeRoleRequest forged = Assume(second);
  forged.tags = std::vector<sts::Tag>{{.key = "Team", .value = "finance"}};
  EXPECT_THAT(Refusal(tokens_.AssumeRole(session, forged, {})), HasSubstr("conflicts with a transitive tag"));
  forged = Assume(second);
  forged.source_identity = "bob";
  EXPECT_THAT(Refusal(tokens_.AssumeRole(session, forged, {})), HasSubstr("AccessDenied"));
  forged = Assume(second);
  forged.duration_seconds = 3601;
  EXPECT_THAT(Refusal(tokens_.AssumeRole(session, forged, {})), HasSubstr("1 hour session limit"));
}

// Tags and source identity are rights of their own, on the side of the trust too.
TEST_P(SecurityTokensTest, TrustMustAllowTagsAndSource) {
  const Entity role = NewRole("plain", TrustOf(R"({"AWS": "123456789012"})"));
  sts::AssumeRoleRequest request = Assume(role);
  request.tags = std::vector<sts::Tag>{{.key = "team", .value = "ml"}};
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("perform: sts:TagSession"));
  request = Assume(role);
  request.source_identity = "ada";
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("perform: sts:SetSourceIdentity"));
}

// A trust that demands a second factor opens with a code, once, and not with a guess.
TEST_P(SecurityTokensTest, SecondFactorCounts) {
  const std::string trust = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
      "Principal":{"AWS":"123456789012"},"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]})";
  const Entity role = NewRole("guarded", trust);
  const std::string seed = AddDevice(Get(EntityKind::kUser, "administrator"));
  sts::AssumeRoleRequest request = Assume(role);
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("AccessDenied"));
  request.serial_number = "arn:aws:iam::123456789012:mfa/administrator";
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("must provide both"));
  request.token_code = "000000";
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("invalid MFA one time pass code"));
  request.token_code = factors::CodeOf(seed, factors::StepOf(clock_.Now()));
  EXPECT_TRUE(tokens_.AssumeRole(admin_, request, {}).ok());
  EXPECT_THAT(Refusal(tokens_.AssumeRole(admin_, request, {})), HasSubstr("invalid MFA one time pass code"));

  clock_.Advance(std::chrono::seconds(30));
  const auto made = tokens_.GetSessionToken(
      admin_,
      {.serial_number = request.serial_number, .token_code = factors::CodeOf(seed, factors::StepOf(clock_.Now()))});
  ASSERT_TRUE(made.ok()) << Describe(made.error());
  // With it, a user's session may call IAM.
  EXPECT_TRUE(May(Open(*made), "iam:CreateUser"));
}

// A refusal's details open for the caller's own account only.
TEST_P(SecurityTokensTest, DenialsAreDecodedAtHome) {
  const std::string message = EncodeDenial(*keyring_, admin_, "s3:GetObject", "*", {}, Decision{});
  const auto decoded = tokens_.DecodeAuthorizationMessage(admin_, {.encoded_message = message});
  ASSERT_TRUE(decoded.ok());
  EXPECT_THAT(*decoded->decoded_message, HasSubstr("s3:GetObject"));
  Session stranger = admin_;
  stranger.account = AccountId("210987654321");
  EXPECT_EQ(tokens_.DecodeAuthorizationMessage(stranger, {.encoded_message = message}).error().reason,
            kInvalidAuthorizationMessage);
}

}  // namespace
}  // namespace aloft::sessions
