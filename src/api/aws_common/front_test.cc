#include "api/aws_common/front.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/aws_common/fake_exchange.h"
#include "api/aws_common/row.h"
#include "foundation/codec/cbor.h"
#include "generated/shapes/cloudwatch/metrics.h"
#include "generated/shapes/cloudwatch/service_model.h"
#include "generated/shapes/iam/service_model.h"
#include "generated/shapes/iam/users.h"
#include "generated/shapes/sagemaker/search_tags.h"
#include "generated/shapes/sagemaker/service_model.h"
#include "generated/shapes/sagemaker_runtime/invoke.h"
#include "generated/shapes/sagemaker_runtime/service_model.h"
#include "generated/shapes/sts/service_model.h"
#include "generated/shapes/sts/tokens.h"

namespace aloft::api {
namespace {

namespace iam = shapes::iam;
namespace sagemaker = shapes::sagemaker;
namespace cloudwatch = shapes::cloudwatch;
namespace runtime = shapes::sagemaker_runtime;
using testing::BodyOf;
using testing::FormHead;
using ::testing::HasSubstr;
using testing::JsonHead;
using testing::Send;

constexpr Reason kNoSuchUser{ErrorKind::kNotFound, "NoSuchUser"};
constexpr Reason kNoSuchThing{ErrorKind::kNotFound, "NoSuchThing"};

template <class In>
auto Needs(std::string action) {
  return [action](const Call&, const In&) { return std::vector<Permission>{{action, "*", {}}}; };
}

class FrontTest : public ::testing::Test {
 protected:
  static std::vector<ServiceApi> Services() {
    std::vector<ServiceApi> services;
    ServiceApi users{.model = &iam::kModel, .rows = {}, .errors = {{kNoSuchUser, "NoSuchEntity"}}};
    users.rows.push_back(MakeRow<iam::GetUserRequest, iam::GetUserResponse>(
        iam::kModel, "GetUser", Needs<iam::GetUserRequest>("iam:GetUser"),
        [](const Call&, const Authorized&, const iam::GetUserRequest& in) -> Result<iam::GetUserResponse> {
          if (in.user_name == "nobody") return Fail(kNoSuchUser, "The user with name nobody cannot be found.");
          return iam::GetUserResponse{.user = iam::User{.user_name = in.user_name}};
        }));
    users.rows.push_back(MakeRow<iam::DeleteUserRequest, iam::DeleteUserResponse>(
        iam::kModel, "DeleteUser", Needs<iam::DeleteUserRequest>("iam:DeleteUser"),
        [](const Call&, const Authorized&, const iam::DeleteUserRequest&) { return Status(); }));
    services.push_back(std::move(users));

    ServiceApi tags{.model = &sagemaker::kModel, .rows = {}, .errors = {{kNoSuchThing, "ResourceNotFound"}}};
    tags.rows.push_back(MakeRow<sagemaker::ListTagsRequest, sagemaker::ListTagsResponse>(
        sagemaker::kModel, "ListTags", Needs<sagemaker::ListTagsRequest>("sagemaker:ListTags"),
        [](const Call&, const Authorized&, const sagemaker::ListTagsRequest&) -> Result<sagemaker::ListTagsResponse> {
          return Fail(kNoSuchThing, "no such thing");
        }));
    services.push_back(std::move(tags));

    ServiceApi metrics{
        .model = &cloudwatch::kModel, .rows = {}, .errors = {{kNoSuchThing, "ResourceNotFoundException"}}};
    metrics.rows.push_back(MakeRow<cloudwatch::ListMetricsRequest, cloudwatch::ListMetricsResponse>(
        cloudwatch::kModel, "ListMetrics", Needs<cloudwatch::ListMetricsRequest>("cloudwatch:ListMetrics"),
        [](const Call&, const Authorized&,
           const cloudwatch::ListMetricsRequest& in) -> Result<cloudwatch::ListMetricsResponse> {
          if (in.namespace_ == "none") return Fail(kNoSuchThing, "no such thing");
          return cloudwatch::ListMetricsResponse{.metrics = {{{.namespace_ = in.namespace_}}}};
        }));
    services.push_back(std::move(metrics));

    ServiceApi invoke{.model = &runtime::kModel, .rows = {}, .errors = {}};
    invoke.rows.push_back(MakeAsyncRow<runtime::InvokeEndpointRequest, runtime::InvokeEndpointResponse>(
        runtime::kModel, "InvokeEndpoint", Needs<runtime::InvokeEndpointRequest>("sagemaker:InvokeEndpoint"),
        [](const std::shared_ptr<const Call>&, const Authorized&, const runtime::InvokeEndpointRequest& in,
           Completion<runtime::InvokeEndpointResponse> complete) {
          complete(runtime::InvokeEndpointResponse{.body = shapes::Blob{*in.endpoint_name + ":" + in.body->bytes},
                                                   .content_type = in.content_type});
        },
        {.authenticators = kSigV4 | kBearer, .max_body_bytes = 6u << 20}));
    services.push_back(std::move(invoke));
    services.push_back({.model = &shapes::sts::kModel, .rows = {}, .errors = {}});
    return services;
  }

  AwsFront front_{Services()};
};

// Query in, XML out: the whole way.
TEST_F(FrontTest, Query) {
  auto response = Send(front_, FormHead("iam"), "Action=GetUser&Version=2010-05-08&UserName=ada");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("content-type"), "text/xml");
  EXPECT_EQ(response.headers.Get("x-amzn-requestid"), "request-1");
  EXPECT_THAT(BodyOf(response), HasSubstr("<GetUserResult><User><UserName>ada</UserName></User></GetUserResult>"));
  EXPECT_EQ(Send(front_, FormHead("iam"), "Action=DeleteUser&UserName=ada").status, 200);
}

// Errors of query services carry their model's code and status.
TEST_F(FrontTest, QueryErrors) {
  auto response = Send(front_, FormHead("iam"), "Action=GetUser&UserName=nobody");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(BodyOf(response),
            R"(<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>)"
            R"(<Code>NoSuchEntity</Code><Message>The user with name nobody cannot be found.</Message></Error>)"
            R"(<RequestId>request-1</RequestId></ErrorResponse>)");
  response = Send(front_, FormHead("iam"), "Action=GetUser&UserName=a%20b");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(BodyOf(response), HasSubstr("<Code>ValidationError</Code><Message>1 validation error detected"));
  response = Send(front_, FormHead("iam"), "Action=CreateSAMLProvider");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(BodyOf(response), HasSubstr("iam:CreateSAMLProvider is not built in this Aloft"));
  response = Send(front_, FormHead("iam"), "Action=Fly");
  EXPECT_THAT(BodyOf(response), HasSubstr("<Code>InvalidAction</Code>"));
}

// JSON errors carry __type, and SageMaker's own carry "Message".
TEST_F(FrontTest, JsonErrors) {
  auto response =
      Send(front_, JsonHead("SageMaker.ListTags"), R"({"ResourceArn":"arn:aws:sagemaker:l:123456789012:model/m"})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.Get("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(BodyOf(response), R"({"__type":"ResourceNotFound","Message":"no such thing"})");
  response = Send(front_, JsonHead("SageMaker.ListTags"), R"({"ResourceArn":5})");
  EXPECT_THAT(BodyOf(response), HasSubstr(R"("__type":"SerializationException")"));
  response = Send(front_, JsonHead("SageMaker.ListTags"), "{}");
  EXPECT_THAT(BodyOf(response), HasSubstr(R"("__type":"ValidationException","message":"1 validation error)"));
  response = Send(front_, JsonHead("SageMaker.CreateHub"), "{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(BodyOf(response),
            R"({"__type":"NotImplemented","message":"sagemaker:CreateHub is not built in this Aloft"})");
  response = Send(front_, JsonHead("SageMaker.Fly"), "{}");
  EXPECT_THAT(BodyOf(response), HasSubstr("UnknownOperationException"));
}

// A service that is not built at all answers by name, too.
TEST_F(FrontTest, UnbuiltServices) {
  auto response = Send(front_, JsonHead("DynamoDB_20120810.PutItem", "dynamodb"), "{}");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(BodyOf(response), HasSubstr("dynamodb:PutItem is not built"));
  auto head = FormHead("sns");
  EXPECT_TRUE(front_.Claims(head).has_value());
  EXPECT_THAT(BodyOf(Send(front_, head, "Action=Publish&Version=2010-03-31")), HasSubstr("sns:Publish is not built"));
}

// CloudWatch speaks three protocols: boto's JSON, Go's CBOR, and the query of old clients.
TEST_F(FrontTest, OneRowServesEveryProtocol) {
  auto json = JsonHead("GraniteServiceVersion20100801.ListMetrics", "monitoring");
  auto response = Send(front_, json, R"({"Namespace":"n"})");
  EXPECT_EQ(response.headers.Get("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(BodyOf(response), R"({"Metrics":[{"Namespace":"n"}]})");
  response = Send(front_, json, R"({"Namespace":"none"})");
  EXPECT_EQ(response.headers.Get("x-amzn-query-error"), "ResourceNotFoundException;Sender");
  EXPECT_THAT(BodyOf(response), HasSubstr(R"("__type":"ResourceNotFoundException")"));

  response = Send(front_, FormHead("monitoring"), "Action=ListMetrics&Namespace=n&Version=2010-08-01");
  EXPECT_THAT(BodyOf(response), HasSubstr("<Metrics><member><Namespace>n</Namespace></member></Metrics>"));

  auto cbor = testing::Post("/service/GraniteServiceVersion20100801/operation/ListMetrics",
                            {{"smithy-protocol", "rpc-v2-cbor"}, {"content-type", "application/cbor"}});
  std::string body;
  codec::CborWriter(body).Map(1).Text("Namespace").Text("n");
  response = Send(front_, cbor, body);
  EXPECT_EQ(response.headers.Get("smithy-protocol"), "rpc-v2-cbor");
  EXPECT_TRUE(codec::ParseCbor(BodyOf(response)).ok());
  body.clear();
  codec::CborWriter(body).Map(1).Text("Namespace").Text("none");
  response = Send(front_, cbor, body);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.headers.Get("x-amzn-query-error"), "ResourceNotFoundException;Sender");
}

// The control plane and its data planes share a signing name: the path tells them apart.
TEST_F(FrontTest, RestJson) {
  auto head = FormHead("sagemaker");
  head.target = "/endpoints/my%20endpoint/invocations";
  head.headers.Set("content-type", "text/csv");
  auto claim = front_.Claims(head);
  ASSERT_TRUE(claim.has_value());
  EXPECT_EQ(claim->max_body_bytes, 6u << 20);
  head.target = "/endpoints/e-1/invocations";
  auto response = Send(front_, head, "1,2,3");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("content-type"), "text/csv");
  EXPECT_EQ(BodyOf(response), "e-1:1,2,3");
  // What is not built has a path, too.
  head.target = "/endpoints/e-1/invocations-response-stream";
  EXPECT_THAT(BodyOf(Send(front_, head, "x")), HasSubstr("sagemaker:InvokeEndpointWithResponseStream is not built"));
  head.target = "/endpoints/e-1/invocations";
  head.headers.Set("authorization", "Bearer token");
  EXPECT_EQ(BodyOf(Send(front_, head, "x")), "e-1:x");
}

// An unsigned call of the query protocol is found by its version and action.
TEST_F(FrontTest, UnsignedQuery) {
  auto head = FormHead("sts");
  head.headers.Remove("authorization");
  EXPECT_TRUE(front_.Claims(head).has_value());
  EXPECT_THAT(BodyOf(Send(front_, head, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15")),
              HasSubstr("sts:AssumeRoleWithWebIdentity is not built"));
}

// S3 is the next front's: signed for it, anonymous, or presigned.
TEST_F(FrontTest, LeavesS3Alone) {
  auto head = FormHead("s3");
  head.target = "/bucket/key";
  head.headers.Remove("content-type");
  EXPECT_FALSE(front_.Claims(head).has_value());
  head.headers.Remove("authorization");
  EXPECT_FALSE(front_.Claims(head).has_value());
  head.target = "/service/GraniteServiceVersion20100801/operation/ListMetrics";
  EXPECT_FALSE(front_.Claims(head).has_value());
  head.target = "/bucket/key?X-Amz-Credential=AKIA%2F20261122%2Fus-east-1%2Fs3%2Faws4_request";
  EXPECT_FALSE(front_.Claims(head).has_value());
}

// Requests that name nothing sensible get an answer, not a crash.
TEST_F(FrontTest, OddRequests) {
  for (std::string target : {"", ".", "SageMaker", "SageMaker.", ".ListTags", "a.b.c"})
    EXPECT_EQ(Send(front_, JsonHead(target), "{}").status, 400) << target;
  for (std::string path : {"/service/", "/service/x/operation/", "/service/x/operation/y/z"})
    EXPECT_EQ(Send(front_, testing::Post(path, {{"smithy-protocol", "rpc-v2-cbor"}}), "").status, 400) << path;
  EXPECT_EQ(Send(front_, FormHead("iam"), "Action=%zz").status, 400);
  EXPECT_EQ(Send(front_, FormHead("iam"), "").status, 400);
}

}  // namespace
}  // namespace aloft::api
