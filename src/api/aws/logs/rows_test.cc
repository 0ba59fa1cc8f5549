#include "api/aws/logs/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/aws_common/fake_exchange.h"
#include "foundation/codec/json.h"

namespace aloft::api {
namespace {

namespace bj = boost::json;
using ::testing::HasSubstr;

class LogsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::Options options;
    options.engine = kv::Engine::kMemory;
    auto opened = kv::Store::Open(options, Log::Discard());
    ASSERT_TRUE(opened.ok());
    store_ = std::move(*opened);
    logs_ = std::make_unique<telemetry::LogStore>(*store_, clock_, random_);
    std::vector<ServiceApi> services;
    services.push_back(MakeLogsApi(*logs_));
    front_ = std::make_unique<AwsFront>(std::move(services));
  }

  http::Response Send(const std::string& operation, const std::string& body) {
    return testing::Send(*front_, testing::JsonHead("Logs_20140328." + operation, "logs"), body);
  }
  bj::object Ok(const std::string& operation, const std::string& body) {
    auto response = Send(operation, body);
    EXPECT_EQ(response.status, 200) << testing::BodyOf(response);
    return codec::ParseJson(testing::BodyOf(response))->as_object();
  }
  std::string Refused(const std::string& operation, const std::string& body) {
    auto response = Send(operation, body);
    EXPECT_EQ(response.status, 400);
    return testing::BodyOf(response);
  }
  std::string Event(int index, int seconds_ago = 0) {
    std::int64_t at = ToMillis(clock_.Now()) - seconds_ago * 1000;
    return R"({"timestamp":)" + std::to_string(at) + R"(,"message":"m)" + std::to_string(index) + R"("})";
  }
  void MakeStream() {
    Ok("CreateLogGroup", R"({"logGroupName":"/aws/g"})");
    Ok("CreateLogStream", R"({"logGroupName":"/aws/g","logStreamName":"s"})");
  }

  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<telemetry::LogStore> logs_;
  std::unique_ptr<AwsFront> front_;
};

// What goes in comes out, in milliseconds and in order.
TEST_F(LogsTest, EventsComeBack) {
  MakeStream();
  auto put = Ok("PutLogEvents", R"({"logGroupName":"/aws/g","logStreamName":"s","logEvents":[)" + Event(1, 2) + "," +
                                    Event(2, 1) + "]}");
  EXPECT_TRUE(put.contains("nextSequenceToken"));
  auto page = Ok("GetLogEvents", R"({"logGroupName":"/aws/g","logStreamName":"s","startFromHead":true})");
  const bj::array& events = page.at("events").as_array();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].at("message").as_string(), "m1");
  EXPECT_EQ(events[1].at("timestamp").as_int64(), ToMillis(clock_.Now()) - 1000);
  EXPECT_EQ(events[1].at("ingestionTime").as_int64(), ToMillis(clock_.Now()));
}

// The SageMaker SDK follows nextForwardToken until a page is empty; a missing token or a page without end hangs it.
TEST_F(LogsTest, TheSdkLoopEnds) {
  MakeStream();
  Ok("PutLogEvents", R"({"logGroupName":"/aws/g","logStreamName":"s","logEvents":[)" + Event(1, 3) + "," + Event(2, 2) +
                         "," + Event(3, 1) + "]}");
  std::string token, seen;
  for (int i = 0; i < 10; ++i) {
    std::string more = token.empty() ? "" : R"(,"nextToken":")" + token + R"(")";
    auto page = Ok("GetLogEvents",
                   R"({"logGroupName":"/aws/g","logStreamName":"s","startFromHead":true,"limit":2)" + more + "}");
    std::string next(page.at("nextForwardToken").as_string());
    if (page.at("events").as_array().empty()) {
      EXPECT_EQ(next, token);
      break;
    }
    for (const auto& event : page.at("events").as_array()) seen += std::string(event.at("message").as_string());
    token = next;
  }
  EXPECT_EQ(seen, "m1m2m3");
}

// The SDK loops while DescribeLogStreams has a nextToken and never passes it on.
TEST_F(LogsTest, TheLastPageHasNoToken) {
  MakeStream();
  auto page =
      Ok("DescribeLogStreams", R"({"logGroupName":"/aws/g","logStreamNamePrefix":"s","orderBy":"LogStreamName"})");
  EXPECT_EQ(page.at("logStreams").as_array().size(), 1u);
  EXPECT_FALSE(page.contains("nextToken"));
  EXPECT_EQ(page.at("logStreams").at(0).at("arn").as_string(),
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/g:log-stream:s");
  auto groups = Ok("DescribeLogGroups", "{}");
  EXPECT_FALSE(groups.contains("nextToken"));
  EXPECT_EQ(groups.at("logGroups").at(0).at("arn").as_string(),
            "arn:aws:logs:us-east-1:123456789012:log-group:/aws/g:*");
}

// The codes that SDKs match.
TEST_F(LogsTest, Errors) {
  EXPECT_THAT(Refused("DescribeLogStreams", R"({"logGroupName":"none"})"), HasSubstr("ResourceNotFoundException"));
  MakeStream();
  EXPECT_THAT(Refused("GetLogEvents", R"({"logGroupName":"/aws/g","logStreamName":"none"})"),
              HasSubstr("ResourceNotFoundException"));
  EXPECT_THAT(Refused("CreateLogGroup", R"({"logGroupName":"/aws/g"})"), HasSubstr("ResourceAlreadyExistsException"));
  EXPECT_THAT(Refused("CreateLogGroup", R"({"logGroupName":"a b"})"), HasSubstr("1 validation error detected"));
  EXPECT_THAT(Refused("PutRetentionPolicy", R"({"logGroupName":"/aws/g","retentionInDays":2})"),
              HasSubstr("InvalidParameterException"));
  EXPECT_THAT(Refused("CreateLogGroup", R"({"logGroupName":"t","tags":{"a":"b"}})"), HasSubstr("NotImplemented"));
  EXPECT_THAT(Refused("StartQuery", "{}"), HasSubstr("logs:StartQuery is not built"));
}

// A group may be named by its ARN; another account's or region's is nobody's.
TEST_F(LogsTest, GroupsByArn) {
  MakeStream();
  Ok("FilterLogEvents",
     R"({"logGroupIdentifier":"arn:aws:logs:us-east-1:123456789012:log-group:/aws/g","filterPattern":"m1"})");
  Refused("FilterLogEvents", R"({"logGroupIdentifier":"arn:aws:logs:us-east-1:999999999999:log-group:/aws/g"})");
}

// Retention is set, shown and taken off.
TEST_F(LogsTest, Retention) {
  MakeStream();
  Ok("PutRetentionPolicy", R"({"logGroupName":"/aws/g","retentionInDays":7})");
  EXPECT_EQ(Ok("DescribeLogGroups", "{}").at("logGroups").at(0).at("retentionInDays").as_int64(), 7);
  Ok("DeleteRetentionPolicy", R"({"logGroupName":"/aws/g"})");
  EXPECT_FALSE(Ok("DescribeLogGroups", "{}").at("logGroups").at(0).as_object().contains("retentionInDays"));
  Ok("DeleteLogStream", R"({"logGroupName":"/aws/g","logStreamName":"s"})");
  Ok("DeleteLogGroup", R"({"logGroupName":"/aws/g"})");
}

}  // namespace
}  // namespace aloft::api
