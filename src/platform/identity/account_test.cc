// Accounts, their guardrails, and the ways to end a session before its time.
#include <gmock/gmock.h>

#include "platform/identity/account_records.h"
#include "platform/identity/denial.h"
#include "platform/identity/sessions.h"
#include "platform/identity/testing_identity.h"

namespace aloft::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAllowAll = R"({"Effect": "Allow", "Action": "*", "Resource": "*"})";

class AccountTest : public IdentityEngineTest {
 protected:
  AccountTest() { Administrator(); }
  template <class F>
  void Write(F closure) {
    const auto done = service().state().Write(kAccount, [&](sql::Transaction& t) -> Status { return closure(t); });
    ASSERT_TRUE(done.ok()) << Describe(done.error());
  }
};
ALOFT_ON_EACH_ENGINE(AccountTest);

// The levels above an account, as they decide: only of member accounts, only of enabled kinds, root first.
TEST_P(AccountTest, GuardrailsStandAboveMembersOnly) {
  const AccountId member("210987654321");
  Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(records::InsertAccount(t, {.id = member, .name = "member", .email = "m@example.com"}));
    ALOFT_TRY(
        records::PutOrganization(t, {.id = "o-1", .root_id = "r-1", .management = kAccount, .service_control = true}));
    ALOFT_TRY(records::PutGuardrail(
        t, {.id = "p-1",
            .name = "no-s3",
            .document = R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}})"}));
    for (const char* target : {"r-1", "210987654321"})
      ALOFT_TRY(records::AttachGuardrail(t, "p-FullAWSAccess", target));
    ALOFT_TRY(records::AttachGuardrail(t, "p-1", member.value()));
    return {};
  });
  const auto facts = FindAccountFacts(service().state(), member);
  ASSERT_TRUE(facts.ok()) << Describe(facts.error());
  EXPECT_EQ((*facts)->placement.organization, "o-1");
  EXPECT_EQ((*facts)->placement.path, "o-1/r-1/");
  ASSERT_EQ((*facts)->guardrails.service_control.size(), 2u);
  EXPECT_EQ((*facts)->guardrails.service_control[0].size(), 1u);
  EXPECT_EQ((*facts)->guardrails.service_control[1].size(), 2u);
  EXPECT_TRUE((*facts)->guardrails.resource_control.empty());
  EXPECT_TRUE(FindAccountFacts(service().state(), kAccount).value()->guardrails.service_control.empty());
  EXPECT_EQ(FindAccountFacts(service().state(), AccountId("999999999999")).value(), nullptr);
}

// A closed account's keys open nothing, and what was sealed for it neither.
TEST_P(AccountTest, AClosedAccountIsShut) {
  const Session admin = Administrator();
  const TemporaryCredentials issued = Issue(service().state(), admin, std::chrono::hours(1), {});
  ASSERT_TRUE(service().FindCredential(issued.access_key_id, issued.session_token).ok());
  Write([&](sql::Transaction& t) -> Status {
    auto account = records::FindAccount(t, kAccount).value();
    account->closed = true;
    return records::UpdateAccount(t, *account);
  });
  EXPECT_EQ(service().FindCredential(administrator_.access_key_id, "").error().reason, kInvalidToken);
  EXPECT_EQ(service().FindCredential(issued.access_key_id, issued.session_token).error().reason, kInvalidToken);
}

// A leaked session of a role ends at the moment of its revocation; the job's next credentials are good.
TEST_P(AccountTest, RoleSessionsAreRevokedFromAMomentOn) {
  const Entity role = Make(EntityKind::kRole, "r", kAllowAll, TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"));
  const auto issue = [&] {
    return service()
        .IssueForRole(role.Arn(), "SageMaker", std::chrono::hours(1), "sagemaker.amazonaws.com")
        .value()
        .session;
  };
  const Session before = issue();
  EXPECT_TRUE(service().Authorize(before, "s3:GetObject", "arn:aws:s3:::b/k", {}).allowed);
  clock_.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(service().RevokeRoleSessions(Administrator(), "r").ok());
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_FALSE(service().Authorize(before, "s3:GetObject", "arn:aws:s3:::b/k", {}).allowed);
  EXPECT_TRUE(service().Authorize(issue(), "s3:GetObject", "arn:aws:s3:::b/k", {}).allowed);
  EXPECT_EQ(service().RevokeRoleSessions(Administrator(), "none").error().reason, kNoSuchEntity);
}

// One leaked endpoint token is revoked without touching its neighbours, and stays so after a restart.
TEST_P(AccountTest, OneTokenIsRevoked) {
  const Session admin = Administrator();
  const auto make = [&] {
    return service().IssueEndpointToken(admin, kAccount, Region("us-east-1"), "e", std::chrono::hours(1)).value();
  };
  const std::string leaked = make(), other = make();
  Session stranger = admin;
  stranger.account = AccountId("210987654321");
  EXPECT_EQ(service().RevokeToken(stranger, *service().OpenEndpointToken(leaked)).error().reason, kInvalidInput);
  ASSERT_TRUE(service().RevokeToken(admin, *service().OpenEndpointToken(leaked)).ok());
  EXPECT_EQ(service().OpenEndpointToken(leaked).error().reason, kInvalidToken);
  EXPECT_TRUE(service().OpenEndpointToken(other).ok());
  Stop();
  Start();
  EXPECT_EQ(service().OpenEndpointToken(leaked).error().reason, kInvalidToken);
}

// What a session carries comes back from its token: a lost tag or factor would change decisions.
TEST_P(AccountTest, TokensKeepWhatDecides) {
  Session session = Administrator();
  session.mfa = clock_.Now();
  session.source_identity = "ada";
  session.tags = {{"team", "ml"}};
  session.transitive_tags = {"team"};
  session.federated_provider = "arn:aws:iam::123456789012:oidc-provider/issuer.example";
  session.claims = {{"issuer.example:sub", "s"}};
  const TemporaryCredentials issued = Issue(service().state(), session, std::chrono::hours(1), {});
  const Session back = service().FindCredential(issued.access_key_id, issued.session_token)->session;
  EXPECT_EQ(back.mfa, session.mfa);
  EXPECT_EQ(back.source_identity, "ada");
  EXPECT_EQ(back.tags, session.tags);
  EXPECT_EQ(back.transitive_tags, session.transitive_tags);
  EXPECT_EQ(back.federated_provider, session.federated_provider);
  EXPECT_EQ(back.claims, session.claims);
}

// Only this installation reads its denials, and a large context still fits a header.
TEST_P(AccountTest, DenialsAreSealed) {
  const Session admin = Administrator();
  const Context context = {{"aws:sourceip", {"10.0.0.7"}}, {"x", {std::string(50'000, 'x')}}};
  const std::string encoded =
      EncodeDenial(*keyring_, admin, "s3:GetObject", "arn:aws:s3:::b/k", context, Decision{.why = "no policy"});
  EXPECT_LE(encoded.size(), 4'096u);
  EXPECT_THAT(encoded, Not(HasSubstr("GetObject")));
  const auto back = DecodeDenial(*keyring_, encoded);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->account, kAccount);
  EXPECT_THAT(back->document, HasSubstr(R"("action":"s3:GetObject")"));
  EXPECT_THAT(back->document, HasSubstr("10.0.0.7"));
  EXPECT_EQ(DecodeDenial(*keyring_, "AAAA").error().reason, kInvalidInput);
  EXPECT_EQ(DecodeDenial(*keys::Keyring::Ephemeral(random_), encoded).error().reason, kInvalidInput);
}

}  // namespace
}  // namespace aloft::identity
