#include "api/aws/iam/api.h"

#include <gmock/gmock.h>

#include <set>

#include "api/aws_common/fake_exchange.h"
#include "platform/credentials/reports.h"
#include "platform/directory/last_use.h"
#include "platform/federation/records.h"
#include "platform/identity/testing_identity.h"

namespace aloft::api {
namespace {

using ::testing::HasSubstr;

std::vector<sql::Migration> AllMigrations() {
  std::vector<sql::Migration> out;
  for (const auto& room :
       {factors::Migrations(), federation::Migrations(), directory::Migrations(), credentials::Migrations()})
    out.insert(out.end(), room.begin(), room.end());
  return out;
}

class IamApiTest : public ::testing::Test, protected identity::IdentityFixture {
 protected:
  IamApiTest() : IdentityFixture(sql::Engine::kSqlite, AllMigrations()) {
    std::vector<ServiceApi> services;
    services.push_back(MakeIamApi({service(), factors_}));
    front_ = std::make_unique<AwsFront>(std::move(services));
    Administrator();
  }
  http::Response Send(const std::string& form) {
    return api::testing::Send(*front_, api::testing::FormHead("iam"), form + "&Version=2010-05-08");
  }
  std::string Body(const std::string& form) { return api::testing::BodyOf(Send(form)); }
  std::vector<Permission> Permissions(const std::string& form) {
    const auto call = api::testing::MakeCall(api::testing::FormHead("iam"), form + "&Version=2010-05-08");
    const auto row = front_->Match(call->head(), call->body);
    return (*(*row)->prepare(*call))->permissions();
  }

  factors::Service factors_{service()};
  std::unique_ptr<AwsFront> front_;
};

// The walk of a demo: user, key, role, policies, over the wire form that clients send.
TEST_F(IamApiTest, SpeaksTheQueryProtocol) {
  EXPECT_THAT(Body("Action=CreateUser&UserName=ada&Path=/team/"),
              HasSubstr("<Arn>arn:aws:iam::123456789012:user/team/ada</Arn>"));
  EXPECT_THAT(Body("Action=CreateAccessKey&UserName=ada"), HasSubstr("<SecretAccessKey>"));
  EXPECT_THAT(Body("Action=CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%2C%"
                   "22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22sagemaker."
                   "amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%7D"),
              HasSubstr("<CreateRoleResult><Role>"));
  EXPECT_THAT(Body("Action=GetRole&RoleName=r"), HasSubstr("<AssumeRolePolicyDocument>%7B%22Version"));
  EXPECT_EQ(
      Send("Action=AttachRolePolicy&RoleName=r&PolicyArn=arn:aws:iam::aws:policy/AmazonSageMakerFullAccess").status,
      200);
  EXPECT_THAT(Body("Action=ListAttachedRolePolicies&RoleName=r"),
              HasSubstr("<PolicyName>AmazonSageMakerFullAccess</PolicyName>"));
}

// Codes and statuses that clients match on.
TEST_F(IamApiTest, RefusesInAwsForm) {
  const auto refused = [&](const std::string& form, int status, const std::string& code) {
    const http::Response response = Send(form);
    EXPECT_EQ(response.status, status) << form;
    EXPECT_THAT(api::testing::BodyOf(response), HasSubstr("<Code>" + code + "</Code>")) << form;
  };
  refused("Action=GetUser&UserName=nobody", 404, "NoSuchEntity");
  refused("Action=CreateUser&UserName=administrator", 409, "EntityAlreadyExists");
  refused("Action=DeleteUser&UserName=administrator", 409, "DeleteConflict");
  refused("Action=PutUserPolicy&UserName=administrator&PolicyName=p&PolicyDocument=%7B%7D", 400,
          "MalformedPolicyDocument");
  refused("Action=CreateUser&UserName=bad%20name", 400, "ValidationError");
  refused("Action=CreateUser", 400, "ValidationError");
}

// Policies speak of users by their full path, which the request does not carry.
TEST_F(IamApiTest, PermissionsNameTheWholeArn) {
  Send("Action=CreateUser&UserName=ada&Path=/team/");
  const auto get = Permissions("Action=GetUser&UserName=ada");
  ASSERT_EQ(get.size(), 1u);
  EXPECT_EQ(get[0].action, "iam:GetUser");
  EXPECT_EQ(get[0].resource, "arn:aws:iam::123456789012:user/team/ada");
  const auto attach =
      Permissions("Action=AttachUserPolicy&UserName=ada&PolicyArn=arn:aws:iam::aws:policy/IAMFullAccess");
  EXPECT_EQ(attach[0].context.at("iam:policyarn").front(), "arn:aws:iam::aws:policy/IAMFullAccess");
  EXPECT_EQ(Permissions("Action=ListUsers")[0].resource, "arn:aws:iam::123456789012:user/");
  const auto add = Permissions("Action=AddRoleToInstanceProfile&InstanceProfileName=p&RoleName=r");
  ASSERT_EQ(add.size(), 2u);
  EXPECT_EQ(add[1].action, "iam:PassRole");
}

// Each cause that the directory can give has its own name on the wire; a new one without a name fails here.
TEST_F(IamApiTest, EveryReasonHasAWireName) {
  for (const Reason& reason : identity::kReasons) {
    const http::Response response =
        front_->RenderError(Fail(reason, "m"), api::testing::FormHead("iam"), RequestId("r"));
    const std::string& body = api::testing::BodyOf(response);
    EXPECT_THAT(body, ::testing::Not(HasSubstr("<Code>InternalFailure</Code>"))) << reason.name;
    EXPECT_THAT(body, ::testing::Not(HasSubstr("<Code>ServiceFailure</Code>"))) << reason.name;
    EXPECT_LT(response.status, 500) << reason.name;
  }
}

// No operation of IAM is open: every row names what it needs.
TEST_F(IamApiTest, EveryRowNeedsAPermissionAndIsThereOnce) {
  std::set<std::string_view> seen;
  for (const Row& row : front_->rows()) {
    EXPECT_TRUE(seen.insert(row.operation).second) << row.operation;
    EXPECT_EQ(row.authenticators, static_cast<unsigned>(kSigV4)) << row.operation;
  }
  EXPECT_GE(seen.size(), 120u);
}

}  // namespace
}  // namespace aloft::api
