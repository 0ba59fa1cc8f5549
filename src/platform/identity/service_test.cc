#include "platform/identity/service.h"

#include <fstream>
#include <set>

#include "platform/identity/follow.h"
#include "platform/identity/testing_identity.h"

namespace aloft::identity {
namespace {

constexpr const char* kSageMaker = "sagemaker.amazonaws.com";
constexpr const char* kEndpointArn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/wine";

class ServiceTest : public IdentityEngineTest {
 protected:
  bool May(const Session& session, std::string_view action, std::string_view resource = "*",
           const Context& context = {}) {
    return service().Authorize(session, action, resource, context).allowed;
  }
};

// The first start makes an administrator and shows the key once; a restart finds them and shows nothing.
TEST_P(ServiceTest, TheFirstStartMakesAnAdministratorOnce) {
  const auto first = service().EnsureAccount({});
  ASSERT_TRUE(first.ok()) << Describe(first.error());
  EXPECT_TRUE(first->created);
  EXPECT_EQ(first->account.value().size(), 12u);
  EXPECT_TRUE(first->access_key_id.starts_with("AKIA"));
  EXPECT_EQ(first->access_key_id.size(), 20u);
  EXPECT_EQ(first->secret.size(), 40u);
  EXPECT_EQ(AccountOfAccessKey(first->access_key_id), first->account);

  Stop();
  Start();
  const auto second = service().EnsureAccount({});
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->account, first->account);
  EXPECT_TRUE(second->secret.empty());
  EXPECT_EQ(service().MainAccount().value(), first->account);
  const auto credential = service().FindCredential(first->access_key_id, "");
  ASSERT_TRUE(credential.ok());
  EXPECT_EQ(credential->secret, first->secret);
  EXPECT_EQ(credential->session.arn, "arn:aws:iam::" + first->account.value() + ":user/administrator");
  EXPECT_TRUE(May(credential->session, "iam:CreateUser"));

  EXPECT_FALSE(service().EnsureAccount({.account = AccountId("999999999999"), .user_name = "x"}).ok());
  EXPECT_EQ(service().EnsureAccount({.account = AccountId("12"), .user_name = "x"}).error().reason, kInvalidInput);
}

// Whoever steals the database file finds no secret in it.
TEST_P(ServiceTest, SecretsAreNotAtRest) {
  Administrator();
  Stop();
  // PostgreSQL's files are elsewhere; what goes into them is the same.
  for (const auto& file : std::filesystem::directory_iterator(directory_)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes.find(administrator_.secret), std::string::npos) << file.path();
  }
}

// Unknown and temporary ids without their token vouch for nobody.
TEST_P(ServiceTest, UnknownKeysAreNobody) {
  Administrator();
  for (const char* id : {"", "AKIAUNKNOWNUNKNOWN12", "ASIAUNKNOWNUNKNOWN12", "' OR 1=1 --"})
    EXPECT_EQ(service().FindCredential(id, "").error().reason, kUnknownAccessKey) << id;
  EXPECT_EQ(service().FindCredential(administrator_.access_key_id, "not a token").error().reason, kInvalidToken);
}

// A user may what its policies say, and a change of them counts at once.
TEST_P(ServiceTest, DecisionsFollowThePolicies) {
  const Entity user = Make(EntityKind::kUser, "ada", R"({"Sid": "Home", "Effect": "Allow", "Action": "s3:*",
      "Resource": "arn:aws:s3:::home/${aws:username}/*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2024-01-01"}}})");
  const Session session = SessionOf(user);
  EXPECT_TRUE(May(session, "s3:GetObject", "arn:aws:s3:::home/ada/x"));
  EXPECT_FALSE(May(session, "s3:GetObject", "arn:aws:s3:::home/bob/x"));
  EXPECT_EQ(service().Explain(session, "s3:GetObject", "arn:aws:s3:::home/ada/x", {}).why,
            "allowed by statement 1 (Sid Home) of inline policy p of user ada");
  clock_.Advance(std::chrono::hours(24 * 365));
  EXPECT_FALSE(May(session, "s3:GetObject", "arn:aws:s3:::home/ada/x"));
  ASSERT_TRUE(service()
                  .state()
                  .Write(kAccount,
                         [&](sql::Transaction& t) -> Status {
                           ALOFT_TRY(
                               records::Attach(t, user, "arn:aws:iam::aws:policy/AdministratorAccess", clock_.Now()));
                           return {};
                         })
                  .ok());
  EXPECT_TRUE(May(session, "s3:GetObject", "arn:aws:s3:::home/bob/x"));
}

// What the caller says about itself must not override what we know about it.
TEST_P(ServiceTest, RequestContextCannotImpersonate) {
  const Session session =
      SessionOf(Make(EntityKind::kUser, "eve", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*",
      "Condition": {"StringEquals": {"aws:username": "ada"}}})"));
  EXPECT_FALSE(May(session, "s3:GetObject", "*", {{"aws:username", {"ada"}}}));
}

// Groups give their members what they have, and a boundary caps everything.
TEST_P(ServiceTest, GroupsAndBoundaries) {
  const Entity user = Make(EntityKind::kUser, "ada", "");
  const Entity group = Make(EntityKind::kGroup, "readers", R"({"Effect": "Allow", "Action": "*", "Resource": "*"})");
  const Session session = SessionOf(user);
  EXPECT_FALSE(May(session, "s3:GetObject"));
  const auto change = [&](auto&& closure) { ASSERT_TRUE(service().state().Write(kAccount, closure).ok()); };
  change([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(records::AddMember(t, group, user));
    return {};
  });
  EXPECT_TRUE(May(session, "s3:PutObject"));
  Entity bounded = user;
  bounded.boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
  change([&](sql::Transaction& t) { return records::Update(t, user.name, bounded); });
  EXPECT_TRUE(May(session, "s3:GetObject"));
  EXPECT_FALSE(May(session, "s3:PutObject"));
  bounded.boundary = "arn:aws:iam::123456789012:policy/gone";
  change([&](sql::Transaction& t) { return records::Update(t, user.name, bounded); });
  EXPECT_FALSE(May(session, "s3:GetObject"));
}

// A deleted user's open session ends, and a new user of the same name does not inherit it.
TEST_P(ServiceTest, ADeletedUsersSessionEnds) {
  const std::string all = R"({"Effect": "Allow", "Action": "*", "Resource": "*"})";
  const Session session = SessionOf(Make(EntityKind::kUser, "ada", all));
  EXPECT_TRUE(May(session, "s3:GetObject"));
  ASSERT_TRUE(
      service()
          .state()
          .Write(kAccount, [&](sql::Transaction& t) { return records::Delete(t, kAccount, EntityKind::kUser, "ada"); })
          .ok());
  EXPECT_FALSE(May(session, "s3:GetObject"));
  Make(EntityKind::kUser, "ada", all);
  EXPECT_FALSE(May(session, "s3:GetObject"));
}

// Nobody may nothing; everybody else may ask who they are.
TEST_P(ServiceTest, TheTwoAnswersThatNeedNoPolicy) {
  const Session user = SessionOf(Make(EntityKind::kUser, "ada", ""));
  EXPECT_TRUE(May(user, "sts:GetCallerIdentity"));
  EXPECT_FALSE(May(Session{}, "sts:GetCallerIdentity"));
  EXPECT_FALSE(May(Session{}, "s3:GetObject"));
  Session root;
  root.kind = PrincipalKind::kRoot;
  root.account = kAccount;
  EXPECT_TRUE(May(root, "iam:DeleteUser"));
}

// A task gets credentials of its role: they verify, they may what the role may, they end.
TEST_P(ServiceTest, TasksGetCredentialsOfTheirRole) {
  const Entity role =
      Make(EntityKind::kRole, "train", R"({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})",
           TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"));
  const auto issued = service().IssueForRole(role.Arn(), "job-1", std::chrono::hours(1), kSageMaker);
  ASSERT_TRUE(issued.ok()) << Describe(issued.error());
  EXPECT_TRUE(issued->access_key_id.starts_with("ASIA"));
  const auto found = service().FindCredential(issued->access_key_id, issued->session_token);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->secret, issued->secret);
  EXPECT_EQ(found->session.arn, "arn:aws:sts::123456789012:assumed-role/train/job-1");
  EXPECT_EQ(found->session.principal_id, role.id + ":job-1");
  EXPECT_TRUE(May(found->session, "s3:GetObject"));
  EXPECT_FALSE(May(found->session, "s3:PutObject"));
  EXPECT_EQ(service().FindCredential("ASIAXXXXXXXXXXXXXXXX", issued->session_token).error().reason, kUnknownAccessKey);
  EXPECT_FALSE(service().FindCredential(issued->access_key_id, "").ok());
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(service().FindCredential(issued->access_key_id, issued->session_token).error().reason, kExpiredToken);
}

// The server acts as a role only under the role's own rights.
TEST_P(ServiceTest, TheServerActsAsARole) {
  const Entity role =
      Make(EntityKind::kRole, "train", R"({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})",
           TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"));
  const auto session = service().SessionForRole(role.Arn(), "SageMaker");
  ASSERT_TRUE(session.ok());
  EXPECT_TRUE(May(*session, "s3:ListBucket"));
  EXPECT_FALSE(May(*session, "s3:GetObject"));
  EXPECT_EQ(service().SessionForRole("arn:aws:iam::123456789012:role/none", "s").error().reason, kRoleNotFound);
}

// A role that is not there, of another account, under another path, or that trusts another service cannot be passed.
TEST_P(ServiceTest, OnlyTrustingRolesArePassed) {
  const Session user = SessionOf(Make(EntityKind::kUser, "ada", ""));
  const Entity good = Make(EntityKind::kRole, "good", "", TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"));
  const Entity other = Make(EntityKind::kRole, "other", "", TrustOf(R"({"Service": "lambda.amazonaws.com"})"));
  const Entity people = Make(EntityKind::kRole, "people", "", TrustOf(R"({"AWS": "*"})"));
  EXPECT_TRUE(service().CheckPassable(user, good.Arn(), kSageMaker).ok());
  EXPECT_EQ(service().CheckPassable(user, other.Arn(), kSageMaker).error().reason, kRoleNotAssumable);
  EXPECT_EQ(service().CheckPassable(user, people.Arn(), kSageMaker).error().reason, kRoleNotAssumable);
  for (const char* arn : {"arn:aws:iam::123456789012:role/none", "arn:aws:iam::123456789012:role/x/good",
                          "arn:aws:iam::123456789012:user/good", "good", ""})
    EXPECT_EQ(service().CheckPassable(user, arn, kSageMaker).error().reason, kRoleNotFound) << arn;
  Session foreign = user;
  foreign.account = AccountId("999999999999");
  EXPECT_EQ(service().CheckPassable(foreign, good.Arn(), kSageMaker).error().reason, kRoleNotAssumable);
  EXPECT_FALSE(service().IssueForRole(other.Arn(), "s", std::chrono::hours(1), kSageMaker).ok());
}

// A token for curl invokes its endpoint and nothing else, ends, and dies with its maker's rights.
TEST_P(ServiceTest, EndpointTokensInvokeOneEndpoint) {
  const Entity maker =
      Make(EntityKind::kUser, "ada", R"({"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "*"})");
  const Region region("us-east-1");
  const auto token = service().IssueEndpointToken(SessionOf(maker), kAccount, region, "Wine", std::chrono::hours(1));
  ASSERT_TRUE(token.ok()) << Describe(token.error());
  const auto session = service().OpenEndpointToken(*token);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->kind, PrincipalKind::kToken);
  EXPECT_TRUE(May(*session, "sagemaker:InvokeEndpoint", kEndpointArn));
  EXPECT_FALSE(May(*session, "sagemaker:InvokeEndpoint", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/beer"));
  EXPECT_FALSE(May(*session, "sagemaker:InvokeEndpoint", "*"));
  EXPECT_FALSE(May(*session, "sagemaker:InvokeEndpoint", "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/wine"));
  EXPECT_FALSE(May(*session, "sagemaker:DescribeEndpoint", kEndpointArn));
  EXPECT_FALSE(service().IssueEndpointToken(*session, kAccount, region, "Wine", std::chrono::hours(1)).ok());

  ASSERT_TRUE(service()
                  .state()
                  .Write(kAccount,
                         [&](sql::Transaction& t) -> Status {
                           ALOFT_TRY(records::DeleteInline(t, maker, "p"));
                           return {};
                         })
                  .ok());
  EXPECT_FALSE(May(*session, "sagemaker:InvokeEndpoint", kEndpointArn));
  EXPECT_EQ(
      service().IssueEndpointToken(SessionOf(maker), kAccount, region, "Wine", std::chrono::hours(1)).error().reason,
      kAccessDenied);
  clock_.Advance(std::chrono::hours(1));
  EXPECT_EQ(service().OpenEndpointToken(*token).error().reason, kExpiredToken);
}

// A token is opaque, and one kind is never taken for the other.
TEST_P(ServiceTest, TokensCannotBeForgedOrSwapped) {
  const Entity role = Make(EntityKind::kRole, "r", R"({"Effect": "Allow", "Action": "*", "Resource": "*"})",
                           TrustOf(R"({"Service": "sagemaker.amazonaws.com"})"));
  const auto issued = service().IssueForRole(role.Arn(), "s", std::chrono::hours(1), kSageMaker);
  const auto token = service().IssueEndpointToken(issued->session, kAccount, Region("r"), "e", std::chrono::hours(9));
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(service().OpenEndpointToken(*token)->expires, issued->session.expires);
  EXPECT_EQ(service().OpenEndpointToken("aloft_" + issued->session_token).error().reason, kInvalidToken);
  EXPECT_EQ(service().FindCredential(issued->access_key_id, token->substr(6)).error().reason, kInvalidToken);
  for (const std::string& text : {std::string(), std::string("aloft_"), std::string("x"), std::string(100'000, 'a')})
    EXPECT_EQ(service().OpenEndpointToken(text).error().reason, kInvalidToken);
  std::string changed = *token;
  changed[20] = changed[20] == 'A' ? 'B' : 'A';
  EXPECT_EQ(service().OpenEndpointToken(changed).error().reason, kInvalidToken);
}

// The text that users search for, in AWS's form; no name of a policy leaks to the caller.
TEST_P(ServiceTest, DeniedMessagesAreAwsForm) {
  Session session;
  session.arn = "arn:aws:iam::123456789012:user/ada";
  EXPECT_EQ(DeniedMessage(session, "s3:GetObject", "arn:aws:s3:::b/k", {}),
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: s3:GetObject on resource: "
            "arn:aws:s3:::b/k because no identity-based policy allows the s3:GetObject action");
  Decision denied;
  denied.explicit_deny = true;
  denied.why = "denied by statement 1 of secret-policy";
  EXPECT_EQ(
      DeniedMessage(session, "s3:ListAllMyBuckets", "*", denied),
      "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: s3:ListAllMyBuckets with an explicit "
      "deny in an identity-based policy");
  denied.explicit_deny = false;
  denied.source = Decision::Source::kBoundary;
  EXPECT_TRUE(
      DeniedMessage(session, "a:b", "*", denied).ends_with("because no permissions boundary allows the a:b action"));
}

// Two replicas on one database: what one changes, the other obeys after its next look at the feed.
TEST_P(ServiceTest, AnotherReplicasChangeIsObeyed) {
  const Entity user = Make(EntityKind::kUser, "ada", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})");
  Service other(*database_, *keyring_, clock_, random_, Log::Discard());
  const Session session = SessionOf(user);
  EXPECT_TRUE(other.Authorize(session, "s3:GetObject", "*", {}).allowed);
  feed::Subscriber follower(database_->outbox(), FollowChanges(other), Log::Discard());
  while (follower.Step().value()) continue;
  EXPECT_TRUE(other.Authorize(session, "s3:GetObject", "*", {}).allowed);
  ASSERT_TRUE(
      service()
          .state()
          .Write(kAccount, [&](sql::Transaction& t) { return records::Delete(t, kAccount, EntityKind::kUser, "ada"); })
          .ok());
  EXPECT_TRUE(other.Authorize(session, "s3:GetObject", "*", {}).allowed);
  while (follower.Step().value()) continue;
  EXPECT_FALSE(other.Authorize(session, "s3:GetObject", "*", {}).allowed);
}

// Ids look like AWS's and do not repeat; the account can be read from a key, as GetAccessKeyInfo does.
TEST_P(ServiceTest, IdsAreUniqueAndTellTheAccount) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = NewAccessKeyId(random_, "AKIA", AccountId("000000000042"));
    EXPECT_EQ(AccountOfAccessKey(id), AccountId("000000000042"));
    EXPECT_EQ(NewEntityId(random_, "AROA").size(), 21u);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(AccountOfAccessKey("AKIA1"), std::nullopt);
}

ALOFT_ON_EACH_ENGINE(ServiceTest);

}  // namespace
}  // namespace aloft::identity
