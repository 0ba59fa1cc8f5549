// Every grounds of a decision through Authorize, on a real database: guardrails, resources' policies, late keys,
// services.
#include "platform/identity/testing_identity.h"

namespace aloft::identity {
namespace {

constexpr const char* kAllowAll = R"({"Effect": "Allow", "Action": "*", "Resource": "*"})";
const AccountId kBranch("222222222222");  // a second account of the installation

std::shared_ptr<const Policy> ResourcePolicy(const std::string& statement) {
  auto policy = Policy::Parse(R"({"Version": "2012-10-17", "Statement": )" + statement + "}", PolicyUse::kResource);
  EXPECT_TRUE(policy.ok()) << Describe(policy.error());
  return *policy;
}

const std::string kRoot = "r-1";

class AuthorizeTest : public IdentityTest {
 protected:
  Session User(const std::string& name, const std::string& statements, const AccountId& account = kAccount) {
    Entity entity = Make(EntityKind::kUser, name, account == kAccount ? statements : "");
    if (account == kAccount) return IdentityFixture::SessionOf(entity);
    entity.account = account;
    const auto done = service().state().Write(account, [&](sql::Transaction& t) -> Status {
      ALOFT_TRY(records::Insert(t, entity));
      return records::PutInline(t, entity, "p", R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}");
    });
    EXPECT_TRUE(done.ok());
    return IdentityFixture::SessionOf(entity);
  }
  // The organization with kBranch in it, and one policy attached to a target.
  void Attach(const std::string& target, GuardrailKind kind, const std::string& statement) {
    const std::string id = "p-" + target + std::string(GuardrailText(kind));
    const auto done = service().state().Write(kBranch, [&](sql::Transaction& t) -> Status {
      ALOFT_ASSIGN(const auto branch, records::FindAccount(t, kBranch));
      if (!branch) ALOFT_TRY(records::InsertAccount(t, {.id = kBranch, .name = "branch"}));
      ALOFT_TRY(records::PutOrganization(
          t,
          {.id = "o-1", .root_id = kRoot, .management = kAccount, .service_control = true, .resource_control = true}));
      ALOFT_TRY(records::PutGuardrail(t, {.id = id,
                                          .kind = kind,
                                          .name = "g",
                                          .document = R"({"Version": "2012-10-17", "Statement": )" + statement + "}"}));
      ALOFT_TRY(records::AttachGuardrail(t, id, target));
      return {};
    });
    EXPECT_TRUE(done.ok()) << Describe(done.error());
  }
  Decision Ask(const Session& session, const char* action, const ResourceFacts* facts = nullptr) {
    return service().Authorize(session, action, "arn:aws:s3:::b/k", {}, facts);
  }
};

// A service control policy limits every principal of a member account, its root too, and never the main account; it
// counts from the commit on.
TEST_F(AuthorizeTest, ServiceControlPoliciesLimitMemberAccounts) {
  Administrator();  // makes kAccount the main account
  const Session main = User("main", kAllowAll), branch = User("branch", kAllowAll, kBranch);
  Session root;
  root.kind = PrincipalKind::kRoot;
  root.account = kBranch;
  root.arn = "arn:aws:iam::222222222222:root";
  EXPECT_TRUE(Ask(branch, "s3:GetObject").allowed);
  Attach(kRoot, GuardrailKind::kService, R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})");
  EXPECT_TRUE(Ask(branch, "s3:GetObject").allowed);
  EXPECT_EQ(Ask(branch, "iam:CreateUser").source, Decision::Source::kServiceControl);
  EXPECT_FALSE(Ask(root, "iam:CreateUser").allowed);
  EXPECT_TRUE(Ask(main, "iam:CreateUser").allowed);
  Attach(kBranch.value(), GuardrailKind::kService, R"({"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"})");
  const Decision denied = Ask(branch, "s3:GetObject");
  EXPECT_TRUE(denied.explicit_deny);
  EXPECT_EQ(DeniedMessage(branch, "s3:GetObject", "arn:aws:s3:::b/k", denied),
            "User: arn:aws:iam::222222222222:user/branch is not authorized to perform: s3:GetObject on resource: "
            "arn:aws:s3:::b/k with an explicit deny in a service control policy");
}

// A resource control policy stands before the resource, whoever comes: the other account, and nobody.
TEST_F(AuthorizeTest, ResourceControlPoliciesGuardTheResource) {
  Administrator();
  const Session main = User("main", kAllowAll);
  const ResourceFacts facts{
      .owner = kBranch,
      .policy = ResourcePolicy(R"({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"})")};
  EXPECT_TRUE(Ask(main, "s3:GetObject", &facts).allowed);
  EXPECT_TRUE(Ask(Session(), "s3:GetObject", &facts).allowed);
  Attach(kRoot, GuardrailKind::kResource,
         R"([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
             {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
              "Condition": {"StringNotEqualsIfExists": {"aws:PrincipalAccount": "222222222222"}}}])");
  EXPECT_EQ(Ask(main, "s3:GetObject", &facts).source, Decision::Source::kResourceControl);
  EXPECT_TRUE(Ask(main, "s3:PutObject", &facts).allowed);
}

// A guardrail that cannot be read must not open what it closes.
TEST_F(AuthorizeTest, ADamagedGuardrailRefuses) {
  Administrator();
  const Session branch = User("branch", kAllowAll, kBranch);
  Attach(kRoot, GuardrailKind::kService, "{damaged");
  EXPECT_FALSE(Ask(branch, "s3:GetObject").allowed);
}

// Another account's resource needs both sides, through the session that a request really has.
TEST_F(AuthorizeTest, AnotherAccountsResourceNeedsBothSides) {
  const Session can = User("can", kAllowAll), cannot = User("cannot", "");
  ResourceFacts facts{.owner = kBranch};
  EXPECT_EQ(Ask(can, "s3:GetObject", &facts).source, Decision::Source::kResource);
  facts.policy =
      ResourcePolicy(R"({"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:*", "Resource": "*"})");
  EXPECT_TRUE(Ask(can, "s3:GetObject", &facts).allowed);
  EXPECT_FALSE(Ask(cannot, "s3:GetObject", &facts).allowed);
}

// Keys that cost a read are read once, only where a condition asks, and a failed read is a no: also where the condition
// would have held without the key.
TEST_F(AuthorizeTest, LateKeysAreReadWhereAConditionAsks) {
  const Session plain = User("plain", kAllowAll);
  const Session tagged = User("tagged", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
      "StringEquals": {"aws:ResourceTag/team": "ml", "s3:ExistingObjectTag/color": "red"}}})");
  const Session negative = User("negative", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
      "StringNotEquals": {"aws:ResourceTag/secret": "yes"}}})");
  int reads = 0;
  ResourceFacts facts{.owner = kAccount};
  facts.late = [&]() -> Result<Context> {
    ++reads;
    return Context{{"aws:resourcetag/team", {"ml"}}, {"s3:existingobjecttag/color", {"red"}}};
  };
  EXPECT_TRUE(Ask(plain, "s3:GetObject", &facts).allowed);
  EXPECT_EQ(reads, 0);
  EXPECT_TRUE(Ask(tagged, "s3:GetObject", &facts).allowed);
  EXPECT_EQ(reads, 1);
  EXPECT_TRUE(Ask(negative, "s3:GetObject", &facts).allowed);
  facts.late = []() -> Result<Context> { return Fail(kIoError, "the disk is gone"); };
  EXPECT_FALSE(Ask(negative, "s3:GetObject", &facts).allowed);
}

// Making a request's keys costs more than deciding: it is done once, only where a condition asks, and the answer is the
// same as with keys at hand.
TEST_F(AuthorizeTest, RequestKeysAreMadeWhereAConditionAsks) {
  const Session plain = User("plain", kAllowAll);
  const Session home = User("home", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
      "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringEquals": {"s3:prefix": "a", "aws:PrincipalType": "User"}}})");
  int made = 0;
  std::string address = "10.1.2.3";
  const std::function<Context()> make = [&] {
    ++made;
    return Context{{"aws:sourceip", {address}}, {"s3:prefix", {"a"}}};
  };
  const auto ask = [&](const Session& session) {
    return service().AuthorizeLazily(session, "s3:ListBucket", "arn:aws:s3:::b", make).allowed;
  };
  EXPECT_TRUE(ask(plain));
  EXPECT_EQ(made, 0);
  EXPECT_TRUE(ask(home));
  EXPECT_EQ(made, 1);
  address = "192.168.1.1";
  EXPECT_FALSE(ask(home));
}

// The request cannot say of itself what the session, the resource or the clock decides.
TEST_F(AuthorizeTest, KeysOfTheCallerAndTheResourceCannotBeForged) {
  const Session user = User("u", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
      "StringEquals": {"aws:PrincipalAccount": "999999999999"}}},
      {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {
      "StringEquals": {"aws:ResourceTag/team": "ml"}}},
      {"Effect": "Allow", "Action": "sns:*", "Resource": "*", "Condition": {"Bool": {"aws:ViaAWSService": "true"}}},
      {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})");
  const Context forged = {{"aws:principalaccount", {"999999999999"}},
                          {"aws:resourcetag/team", {"ml"}},
                          {"aws:viaawsservice", {"true"}},
                          {"aws:multifactorauthpresent", {"true"}}};
  const ResourceFacts facts{.owner = kAccount, .context = {{"aws:resourcetag/team", {"other"}}}};
  for (const char* action : {"s3:GetObject", "sqs:SendMessage", "sns:Publish", "kms:Decrypt"})
    EXPECT_FALSE(service().Authorize(user, action, "*", forged, &facts).allowed) << action;
}

// A second factor is a key of the session, with its age.
TEST_F(AuthorizeTest, SecondFactorsHaveAnAge) {
  Session user = User("u", R"({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {
      "Bool": {"aws:MultiFactorAuthPresent": "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}})");
  user.issued = clock_.Now();
  user.expires = clock_.Now() + std::chrono::hours(12);
  EXPECT_FALSE(Ask(user, "s3:GetObject").allowed);
  user.mfa = clock_.Now();
  EXPECT_TRUE(Ask(user, "s3:GetObject").allowed);
  clock_.Advance(std::chrono::hours(2));
  EXPECT_FALSE(Ask(user, "s3:GetObject").allowed);
}

// A service asks in its own name, and only where a resource lets it in; for whom it asks is a condition.
TEST_F(AuthorizeTest, ServicesAskInTheirOwnName) {
  const Session service_session = ServiceSession("cloudtrail.amazonaws.com");
  ResourceFacts facts{.owner = kAccount};
  EXPECT_FALSE(Ask(service_session, "s3:PutObject").allowed);
  EXPECT_FALSE(Ask(service_session, "s3:PutObject", &facts).allowed);
  facts.policy = ResourcePolicy(R"({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
      "Action": "s3:PutObject", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}})");
  const auto ask = [&](const char* account) {
    return service()
        .Authorize(service_session, "s3:PutObject", "*", {{"aws:sourceaccount", {account}}}, &facts)
        .allowed;
  };
  EXPECT_TRUE(ask("123456789012"));
  EXPECT_FALSE(ask("222222222222"));
}

// `aloft iam why` asks as somebody else: the same answer that they would get.
TEST_F(AuthorizeTest, WhyAnswersForAnybody) {
  const Session ada = User("ada", R"({"Sid": "Read", "Effect": "Allow", "Action": "s3:Get*", "Resource": "*"})");
  const auto asked = service().SessionOf(ada.arn);
  ASSERT_TRUE(asked.ok());
  const policy::Explanation why = service().Why(*asked, "s3:GetObject", "arn:aws:s3:::b/k", {});
  EXPECT_TRUE(why.decision.allowed);
  EXPECT_EQ(why.decision.why, "allowed by statement 1 (Sid Read) of inline policy p of user ada");
  ASSERT_EQ(why.matched.size(), 1u);
  EXPECT_EQ(service().SessionOf("arn:aws:iam::123456789012:user/eve").error().reason, kNoSuchEntity);
  EXPECT_EQ(service().SessionOf("arn:aws:iam::123456789012:root")->kind, PrincipalKind::kRoot);
}

}  // namespace
}  // namespace aloft::identity
