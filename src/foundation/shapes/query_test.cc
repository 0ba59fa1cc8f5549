#include "foundation/shapes/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generated/shapes/cloudwatch/metrics.h"
#include "generated/shapes/cloudwatch/service_model.h"
#include "generated/shapes/iam/service_model.h"
#include "generated/shapes/iam/users.h"
#include "generated/shapes/sts/service_model.h"
#include "generated/shapes/sts/tokens.h"

namespace aloft::shapes {
namespace {

template <class T>
Result<T> FromForm(std::string_view form) {
  T result;
  Status status = DecodeQuery(ShapeOf<T>(), *codec::ParseQuery(form), &result);
  if (!status.ok()) return status.error();
  return result;
}

// What boto sends for a list of structs.
TEST(Query, ReadsLists) {
  auto user = FromForm<iam::CreateUserRequest>(
      "Action=CreateUser&Version=2010-05-08&UserName=ada&Tags.member.2.Key=b&Tags.member.2.Value=2&"
      "Tags.member.1.Key=a&Tags.member.1.Value=1&Novel=x");
  ASSERT_TRUE(user.ok());
  EXPECT_EQ(user->user_name, "ada");
  ASSERT_EQ(user->tags->size(), 2u);
  EXPECT_EQ(user->tags->at(0).key, "a");
  EXPECT_EQ(user->tags->at(1).value, "2");
}

// "Tags=" is a list without elements; an index of ten digits must not make a list of that size.
TEST(Query, OddLists) {
  auto user = FromForm<iam::CreateUserRequest>("UserName=ada&Tags=");
  ASSERT_TRUE(user.ok());
  EXPECT_TRUE(user->tags->empty());
  auto sparse = FromForm<iam::CreateUserRequest>("Tags.member.4000000000.Key=a&Tags.member.x.Key=b");
  ASSERT_TRUE(sparse.ok());
  EXPECT_EQ(sparse->tags->size(), 1u);
}

// Old CloudWatch clients send nested numbers and times as text.
TEST(Query, ReadsScalars) {
  auto put = FromForm<cloudwatch::PutMetricDataRequest>(
      "Namespace=n&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1.5&"
      "MetricData.member.1.Timestamp=2023-11-14T22%3A13%3A20Z&MetricData.member.1.Dimensions.member.1.Name=d&"
      "MetricData.member.1.Dimensions.member.1.Value=v");
  ASSERT_TRUE(put.ok());
  EXPECT_EQ(put->metric_data->at(0).value, 1.5);
  EXPECT_EQ(ToMillis(*put->metric_data->at(0).timestamp), 1'700'000'000'000);
  auto bad = FromForm<cloudwatch::PutMetricDataRequest>("MetricData.member.1.Value=many");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message, "The value of 'MetricData.Value' is not a Double");
}

// botocore's parser needs both wrappers and the request id.
TEST(Query, WritesTheEnvelope) {
  iam::CreateUserResponse response{.user = iam::User{.path = "/",
                                                     .user_name = "a<b",
                                                     .user_id = "AIDA",
                                                     .arn = "arn",
                                                     .create_date = FromMillis(1'700'000'000'000),
                                                     .tags = {{{.key = "k", .value = "v"}}}}};
  std::string xml;
  EncodeQuery(iam::kModel, *FindOperation(iam::kModel, "CreateUser"), &response, "id-1", xml);
  EXPECT_EQ(xml,
            R"(<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User>)"
            R"(<Path>/</Path><UserName>a&lt;b</UserName><UserId>AIDA</UserId><Arn>arn</Arn>)"
            R"(<CreateDate>2023-11-14T22:13:20Z</CreateDate><Tags><member><Key>k</Key><Value>v</Value></member></Tags>)"
            R"(</User></CreateUserResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>)"
            R"(</CreateUserResponse>)");
}

// An operation without output still needs valid XML, but no result element.
TEST(Query, WritesEmptyAnswers) {
  iam::DeleteUserResponse response;
  std::string xml;
  EncodeQuery(iam::kModel, *FindOperation(iam::kModel, "DeleteUser"), &response, "id-1", xml);
  EXPECT_EQ(xml, R"(<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>)"
                 R"(<RequestId>id-1</RequestId></ResponseMetadata></DeleteUserResponse>)");
}

}  // namespace
}  // namespace aloft::shapes
