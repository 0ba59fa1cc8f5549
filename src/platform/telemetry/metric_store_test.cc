#include "platform/telemetry/metric_store.h"

#include "foundation/kv/testing_engines.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/records.h"

namespace aloft::telemetry {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class MetricStoreTest : public kv::EngineTest {
 protected:
  void SetUp() override {
    kv::EngineTest::SetUp();
    metrics_ = std::make_unique<MetricStore>(*store_, clock_, random_);
    minute_ = FromMicros(ToMicros(clock_.Now()) / 60'000'000 * 60'000'000);
  }
  Status Put(double value, Time at, const std::string& unit = "None") {
    MetricPoint point{loss_, at, unit, {value}, {}, std::nullopt};
    return metrics_->Put(scope_, {&point, 1});
  }
  std::vector<Datapoint> Statistics(StatisticsQuery query) {
    query.metric = loss_;
    auto datapoints = metrics_->Statistics(scope_, query);
    EXPECT_TRUE(datapoints.ok()) << Describe(datapoints.error());
    return datapoints.ok() ? *datapoints : std::vector<Datapoint>{};
  }

  Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  MetricName loss_{"/aws/sagemaker/TrainingJobs", "train:loss", {{"TrainingJobName", "job"}}};
  ManualClock clock_;
  SeededRandom random_{1};
  std::unique_ptr<MetricStore> metrics_;
  Time minute_;
};
INSTANTIATE_TEST_SUITE_P(Engines, MetricStoreTest,
                         testing::Values(kv::Engine::kMemory, kv::Engine::kRocks, kv::Engine::kPostgres),
                         kv::EngineName);

// The five statistics per period, also of several observations at the same moment.
TEST_P(MetricStoreTest, StatisticsPerPeriod) {
  for (double value : {4.0, 1.0, 1.0}) ASSERT_TRUE(Put(value, minute_ + seconds(3)).ok());
  ASSERT_TRUE(Put(10, minute_ - seconds(1)).ok());
  auto points = Statistics({.start = minute_ - minutes(5), .end = minute_ + minutes(1)});
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].timestamp, minute_ - minutes(1));
  EXPECT_EQ(ValueOf(points[0], "Sum"), 10);
  EXPECT_EQ(points[1].timestamp, minute_);
  EXPECT_EQ(ValueOf(points[1], "SampleCount"), 3);
  EXPECT_EQ(ValueOf(points[1], "Sum"), 6);
  EXPECT_EQ(ValueOf(points[1], "Average"), 2);
  EXPECT_EQ(ValueOf(points[1], "Minimum"), 1);
  EXPECT_EQ(ValueOf(points[1], "Maximum"), 4);
  points = Statistics({.start = minute_ - minutes(4), .end = minute_ + minutes(1), .period = minutes(5)});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(ValueOf(points[0], "SampleCount"), 4);
}

// The end is exclusive, the start is rounded down to its minute, units stand apart.
TEST_P(MetricStoreTest, WindowAndUnits) {
  ASSERT_TRUE(Put(1, minute_).ok());
  ASSERT_TRUE(Put(2, minute_ - minutes(1), "Seconds").ok());
  EXPECT_EQ(Statistics({.start = minute_ - minutes(2), .end = minute_}).size(), 1u);
  EXPECT_EQ(Statistics({.start = minute_ - seconds(30), .end = minute_ + seconds(1)}).size(), 2u);
  auto points = Statistics({.start = minute_ - minutes(2), .end = minute_ + seconds(1), .unit = "Seconds"});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].unit, "Seconds");
  EXPECT_EQ(Statistics({.start = minute_ - minutes(2), .end = minute_ + seconds(1), .period = minutes(10)}).size(), 2u);
}

// A scraper that repeats itself after a crash counts nothing twice.
TEST_P(MetricStoreTest, IdentityMakesPuttingRepeatable) {
  for (std::uint64_t identity : {7u, 7u, 8u}) {
    MetricPoint point{loss_, minute_, "None", {1}, {}, std::nullopt, identity};
    ASSERT_TRUE(metrics_->Put(scope_, {&point, 1}).ok());
  }
  auto points = Statistics({.start = minute_, .end = minute_ + seconds(1)});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(ValueOf(points[0], "SampleCount"), 2);
}

// Percentiles where the values are known; counts weigh.
TEST_P(MetricStoreTest, Percentiles) {
  MetricPoint point{loss_, minute_, "None", {1, 2, 3, 100}, {50, 40, 9, 1}, std::nullopt};
  ASSERT_TRUE(metrics_->Put(scope_, {&point, 1}).ok());
  auto points = Statistics({.start = minute_, .end = minute_ + seconds(1), .percentiles = {"p50", "p90", "p99.5"}});
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].percentiles["p50"], 1);
  EXPECT_EQ(points[0].percentiles["p90"], 2);
  EXPECT_EQ(points[0].percentiles["p99.5"], 100);
  MetricPoint sums{loss_, minute_, "None", {}, {}, StatisticSet{2, 5, 1, 4}};
  ASSERT_TRUE(metrics_->Put(scope_, {&sums, 1}).ok());
  points = Statistics({.start = minute_, .end = minute_ + seconds(1), .percentiles = {"p50"}});
  EXPECT_EQ(ValueOf(points[0], "p50"), std::nullopt) << "sums of several values hide them";
  EXPECT_EQ(ValueOf(points[0], "SampleCount"), 102);
}

// Data returns one statistic, whatever the unit.
TEST_P(MetricStoreTest, Data) {
  ASSERT_TRUE(Put(1, minute_, "Seconds").ok());
  ASSERT_TRUE(Put(3, minute_, "None").ok());
  StatisticsQuery window{.metric = loss_, .start = minute_, .end = minute_ + minutes(1)};
  auto series = metrics_->Data(scope_, {window, "Average"});
  ASSERT_TRUE(series.ok());
  EXPECT_EQ(series->values, std::vector<double>{2});
  EXPECT_EQ(series->timestamps, std::vector<Time>{minute_});
  EXPECT_EQ(*metrics_->Data(scope_, {window, "p100"})->values.begin(), 3);
  EXPECT_EQ(metrics_->Data(scope_, {window, "Median"}).error().reason, kInvalidParameter);
}

// What CloudWatch refuses, and nothing of a refused batch is stored.
TEST_P(MetricStoreTest, Refusals) {
  EXPECT_FALSE(Put(1, minute_ - hours(24 * 15)).ok());
  EXPECT_FALSE(Put(1, minute_ + hours(3)).ok());
  EXPECT_FALSE(Put(std::numeric_limits<double>::infinity(), minute_).ok());
  std::vector<MetricPoint> batch{{loss_, minute_, "None", {1}, {}, std::nullopt},
                                 {loss_, minute_, "None", {}, {}, std::nullopt}};
  EXPECT_EQ(metrics_->Put(scope_, batch).error().reason, kInvalidParameter);
  EXPECT_TRUE(Statistics({.start = minute_, .end = minute_ + seconds(1)}).empty());
  auto refused = [&](StatisticsQuery query) { return metrics_->Statistics(scope_, query).error().reason; };
  EXPECT_EQ(refused({.start = minute_, .end = minute_}), kInvalidParameter);
  EXPECT_EQ(refused({.start = minute_, .end = minute_ + hours(1), .period = seconds(61)}), kInvalidParameter);
  EXPECT_EQ(refused({.start = minute_, .end = minute_ + hours(25)}), kInvalidCombination);
}

// Listing by namespace, name and dimensions, in pages; a series that is silent for two weeks is not listed.
TEST_P(MetricStoreTest, List) {
  for (int i = 0; i < 5; ++i) {
    MetricPoint point{{"App", "requests", {{"Host", std::to_string(i)}, {"Zone", i % 2 ? "a" : "b"}}},
                      std::nullopt,
                      "None",
                      {1},
                      {},
                      std::nullopt};
    ASSERT_TRUE(metrics_->Put(scope_, {&point, 1}).ok());
  }
  ASSERT_TRUE(Put(1, minute_).ok());
  auto count = [&](ListQuery query) { return metrics_->List(scope_, query)->metrics.size(); };
  EXPECT_EQ(count({}), 6u);
  EXPECT_EQ(count({.metric_namespace = "App"}), 5u);
  EXPECT_EQ(count({.name = "train:loss"}), 1u);
  EXPECT_EQ(count({.dimensions = {{"Zone", "a"}}}), 2u);
  EXPECT_EQ(count({.dimensions = {{"Host", ""}}}), 5u);
  auto page = metrics_->List(scope_, {.metric_namespace = "App", .limit = 3});
  EXPECT_EQ(page->metrics.size(), 3u);
  page = metrics_->List(scope_, {.metric_namespace = "App", .limit = 3, .token = page->next_token});
  EXPECT_EQ(page->metrics.size(), 2u);
  EXPECT_EQ(page->next_token, "");
  EXPECT_EQ(metrics_->List(scope_, {.token = "00"}).error().reason, kInvalidToken);
  clock_.Advance(hours(4));
  EXPECT_EQ(count({.recently_active = true}), 0u);
  EXPECT_EQ(count({}), 6u);
  clock_.Advance(hours(24 * 15));
  EXPECT_EQ(count({}), 0u);
}

// Old points and silent series are reclaimed.
TEST_P(MetricStoreTest, Sweep) {
  ASSERT_TRUE(Put(1, minute_).ok());
  ASSERT_TRUE(metrics_->Sweep(100).ok());
  EXPECT_EQ(store_->Scan(kPointSpace, {})->entries.size(), 1u);
  clock_.Advance(hours(24 * 64));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(metrics_->Sweep(100).ok());
  EXPECT_EQ(store_->Scan(kPointSpace, {})->entries.size(), 0u);
  EXPECT_EQ(store_->Scan(kSeriesSpace, {})->entries.size(), 0u);
}

}  // namespace
}  // namespace aloft::telemetry
