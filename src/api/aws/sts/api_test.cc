#include "api/aws/sts/api.h"

#include <gmock/gmock.h>

#include "api/aws_common/fake_exchange.h"
#include "platform/identity/testing_identity.h"

namespace aloft::api {
namespace {

using ::testing::HasSubstr;

class StsApiTest : public identity::IdentityTest {
 protected:
  StsApiTest() {
    std::vector<ServiceApi> services;
    services.push_back(MakeStsApi({service(), factors_, *issuers_}));
    front_ = std::make_unique<AwsFront>(std::move(services));
  }
  std::string Body(const std::string& form) {
    return api::testing::BodyOf(
        api::testing::Send(*front_, api::testing::FormHead("sts"), form + "&Version=2011-06-15"));
  }

  factors::Service factors_{service()};
  std::unique_ptr<federation::IssuerKeys> issuers_ = federation::IssuerKeys::Create({}, clock_).value();
  std::unique_ptr<AwsFront> front_;
};

// The first call of every SDK session.
TEST_F(StsApiTest, TellsCallersWhoTheyAre) {
  EXPECT_THAT(Body("Action=GetCallerIdentity"), HasSubstr("<Account>123456789012</Account>"));
}

// A caller without any right gets AWS's code and sentence, not a hint whether the role exists.
TEST_F(StsApiTest, RefusesStrangers) {
  const std::string refused =
      Body("Action=AssumeRole&RoleArn=arn:aws:iam::123456789012:role/none&RoleSessionName=session");
  EXPECT_THAT(refused, HasSubstr("<Code>AccessDenied</Code>"));
  EXPECT_THAT(
      refused,
      HasSubstr("is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/none"));
}

// What is not built says so by name; a code without its device is refused before anything is decided.
TEST_F(StsApiTest, NamesWhatIsNotBuilt) {
  EXPECT_THAT(Body("Action=AssumeRoleWithSAML&RoleArn=x"), HasSubstr("AssumeRoleWithSAML"));
  EXPECT_THAT(Body("Action=DecodeAuthorizationMessage&EncodedMessage=x"),
              HasSubstr("<Code>InvalidAuthorizationMessageException</Code>"));
  EXPECT_THAT(Body("Action=AssumeRoleWithWebIdentity&RoleArn=arn:aws:iam::123456789012:role/"
                   "r&RoleSessionName=ss&WebIdentityToken=not-a-token"),
              HasSubstr("<Code>InvalidIdentityToken</Code>"));
}

}  // namespace
}  // namespace aloft::api
