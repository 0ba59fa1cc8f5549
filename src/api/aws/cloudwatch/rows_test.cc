#include "api/aws/cloudwatch/rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "api/aws_common/fake_exchange.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"

namespace aloft::api {
namespace {

namespace bj = boost::json;
using ::testing::HasSubstr;

class CloudWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kv::Options options;
    options.engine = kv::Engine::kMemory;
    auto opened = kv::Store::Open(options, Log::Discard());
    ASSERT_TRUE(opened.ok());
    store_ = std::move(*opened);
    metrics_ = std::make_unique<telemetry::MetricStore>(*store_, clock_, random_);
    std::vector<ServiceApi> services;
    services.push_back(MakeCloudWatchApi(*metrics_));
    front_ = std::make_unique<AwsFront>(std::move(services));
  }

  http::Response Send(const std::string& operation, const std::string& body) {
    return testing::Send(*front_, testing::JsonHead("GraniteServiceVersion20100801." + operation, "monitoring"), body);
  }
  bj::object Ok(const std::string& operation, const std::string& body) {
    auto response = Send(operation, body);
    EXPECT_EQ(response.status, 200) << testing::BodyOf(response);
    return codec::ParseJson(testing::BodyOf(response))->as_object();
  }
  std::string Seconds(int from_now) { return std::to_string(ToMillis(clock_.Now()) / 1000 + from_now); }
  std::string Window() { return R"("StartTime":)" + Seconds(-600) + R"(,"EndTime":)" + Seconds(60); }
  // One value per minute, the last one a minute ago.
  void PutSeries(const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i)
      Ok("PutMetricData",
         R"({"Namespace":"n","MetricData":[{"MetricName":"loss","Dimensions":[{"Name":"job","Value":"j"}],)"
         R"("Timestamp":)" +
             Seconds(-60 * int(values.size() - i)) + R"(,"Value":)" + std::to_string(values[i]) + "}]}");
  }
  static std::string Query(const std::string& extra) {
    return R"({"MetricDataQueries":[{"Id":"q","MetricStat":{"Period":60,"Stat":"Average","Metric":{"Namespace":"n",)"
           R"("MetricName":"loss","Dimensions":[{"Name":"job","Value":"j"}]}}}],)" +
           extra + "}";
  }

  ManualClock clock_{FromMillis(1'700'000'040'000)};  // a whole minute
  SeededRandom random_{1};
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<telemetry::MetricStore> metrics_;
  std::unique_ptr<AwsFront> front_;
};

// A training job's metric comes back, newest first, as the SDK's analytics read it.
TEST_F(CloudWatchTest, DataComesBack) {
  PutSeries({3, 2, 1});
  auto result = Ok("GetMetricData", Query(Window())).at("MetricDataResults").at(0).as_object();
  EXPECT_EQ(bj::serialize(result.at("Values")), "[1E0,2E0,3E0]");
  EXPECT_EQ(result.at("StatusCode").as_string(), "Complete");
  EXPECT_EQ(result.at("Label").as_string(), "loss");
  auto ascending = Ok("GetMetricData", Query(Window() + R"(,"ScanBy":"TimestampAscending")"));
  EXPECT_EQ(bj::serialize(ascending.at("MetricDataResults").at(0).at("Values")), "[3E0,2E0,1E0]");
}

// Pages join to the whole, and end.
TEST_F(CloudWatchTest, DataComesInPages) {
  PutSeries({3, 2, 1});
  auto first = Ok("GetMetricData", Query(Window() + R"(,"MaxDatapoints":2)"));
  EXPECT_EQ(first.at("MetricDataResults").at(0).at("StatusCode").as_string(), "PartialData");
  std::string token(first.at("NextToken").as_string());
  auto second = Ok("GetMetricData", Query(Window() + R"(,"MaxDatapoints":2,"NextToken":")" + token + R"(")"));
  EXPECT_EQ(bj::serialize(second.at("MetricDataResults").at(0).at("Values")), "[3E0]");
  EXPECT_FALSE(second.contains("NextToken"));
}

// Only what was asked for is answered.
TEST_F(CloudWatchTest, Statistics) {
  PutSeries({4, 2});
  auto out =
      Ok("GetMetricStatistics", R"({"Namespace":"n","MetricName":"loss","Dimensions":[{"Name":"job","Value":"j"}],)" +
                                    Window() + R"(,"Period":600,"Statistics":["Average","SampleCount"]})");
  double count = 0;
  for (const auto& point : out.at("Datapoints").as_array()) {
    count += point.at("SampleCount").to_number<double>();
    EXPECT_FALSE(point.as_object().contains("Sum"));
  }
  EXPECT_EQ(count, 2);
  EXPECT_EQ(out.at("Label").as_string(), "loss");
}

// A series is found by any of its parts.
TEST_F(CloudWatchTest, List) {
  PutSeries({1});
  for (std::string body : {R"({})", R"({"Namespace":"n"})", R"({"MetricName":"loss"})",
                           R"({"Dimensions":[{"Name":"job"}],"RecentlyActive":"PT3H"})"})
    EXPECT_EQ(Ok("ListMetrics", body).at("Metrics").as_array().size(), 1u) << body;
  EXPECT_EQ(Ok("ListMetrics", R"({"Namespace":"other"})").at("Metrics").as_array().size(), 0u);
}

// Errors carry both names: the shape's for JSON, the old code for query clients.
TEST_F(CloudWatchTest, Errors) {
  auto refused = [&](const std::string& operation, const std::string& body, const std::string& code) {
    auto response = Send(operation, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_EQ(response.headers.Get("x-amzn-query-error"), code + ";Sender") << testing::BodyOf(response);
    return testing::BodyOf(response);
  };
  EXPECT_THAT(refused("PutMetricData", R"({"Namespace":"AWS/x","MetricData":[{"MetricName":"m","Value":1}]})",
                      "InvalidParameterValue"),
              HasSubstr("InvalidParameterValueException"));
  refused("PutMetricData", R"({"Namespace":"n","MetricData":[{"MetricName":"m"}]})", "InvalidParameterCombination");
  refused("PutMetricData", R"({"Namespace":"n","MetricData":[{"MetricName":"m","Value":1,"Values":[1]}]})",
          "InvalidParameterCombination");
  refused("PutMetricData", R"({"Namespace":"n","MetricData":[{"MetricName":"m","Values":[1],"Counts":[1,2]}]})",
          "InvalidParameterValue");
  refused("GetMetricData", Query(R"("StartTime":2,"EndTime":1)"), "InvalidParameterValue");
  refused("GetMetricData", Query(Window() + R"(,"NextToken":"data-x")"), "InvalidNextToken");
  refused("GetMetricData", R"({"MetricDataQueries":[{"Id":"q","Expression":"a+b"}],)" + Window() + "}",
          "NotImplemented");
  refused("PutMetricAlarm", "{}", "NotImplemented");
}

// Old clients speak query, with times as text.
TEST_F(CloudWatchTest, Query) {
  PutSeries({5});
  auto response = testing::Send(
      *front_, testing::FormHead("monitoring"),
      "Action=GetMetricStatistics&Version=2010-08-01&Namespace=n&MetricName=loss&Dimensions.member.1.Name=job&"
      "Dimensions.member.1.Value=j&StartTime=" +
          codec::FormatIso8601(clock_.Now() - std::chrono::minutes(10)) +
          "&EndTime=" + codec::FormatIso8601(clock_.Now()) + "&Period=60&Statistics.member.1=Maximum");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(testing::BodyOf(response), HasSubstr("<Maximum>5.0</Maximum>"));
}

}  // namespace
}  // namespace aloft::api
