#include "platform/alarms/service.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "foundation/kv/store.h"
#include "platform/alarms/records.h"

namespace aloft::alarms {
namespace {

using std::chrono::seconds;

class AlarmsTest : public testing::Test {
 protected:
  AlarmsTest() {
    std::string name = std::filesystem::temp_directory_path() / "aloft-alarms-XXXXXX";
    directory_ = mkdtemp(name.data());
    std::vector<sql::Migration> migrations;
    for (auto part : {work::Migrations(), Migrations()}) {
      migrations.insert(migrations.end(), part.begin(), part.end());
    }
    sql::Options options;
    options.path = directory_ + "/aloft.db";
    database_ = sql::Database::Open(options, migrations, Log::Discard()).value();
    kv::Options memory;
    memory.engine = kv::Engine::kMemory;
    store_ = kv::Store::Open(memory, Log::Discard()).value();
    metrics_.emplace(*store_, clock_, random_);
    service_.emplace(*database_, *metrics_, clock_, random_, "test", Log::Discard());
  }
  ~AlarmsTest() override {
    service_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Make(const std::string& name, double threshold) {
    shapes::cloudwatch::PutMetricAlarmInput wish;
    wish.alarm_name = name;
    wish.namespace_ = "N";
    wish.metric_name = "M";
    wish.statistic = "Sum";
    wish.period = 60;
    wish.evaluation_periods = 1;
    wish.threshold = threshold;
    wish.comparison_operator = "GreaterThanThreshold";
    wish.alarm_actions = {kAction};
    Status put = service_->PutMetricAlarm(scope_, wish);
    ASSERT_TRUE(put.ok()) << Describe(put.error());
  }
  void Measure(double value) {
    telemetry::MetricPoint point;
    point.metric = {"N", "M", {}};
    point.values = {value};
    ASSERT_TRUE(metrics_->Put(scope_, {{point}}).ok());
  }
  State After(seconds time) {
    clock_.Advance(time);
    EXPECT_TRUE(service_->Evaluate().ok());
    return service_->StateOf(scope_, "a").value();
  }

  static constexpr char kAction[] = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:u:policyName/p";
  const Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  std::string directory_;
  ManualClock clock_{Time(seconds(1'700'000'040))};  // the beginning of a minute
  SeededRandom random_{7};
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> store_;
  std::optional<telemetry::MetricStore> metrics_;
  std::optional<Service> service_;
};

// The walk: nothing known, then a minute above the threshold, then one below; who asks for its action sees it fire.
TEST_F(AlarmsTest, FollowsItsMetric) {
  Make("a", 10);
  EXPECT_EQ(After(seconds(1)), State::kInsufficientData);
  Measure(25);
  EXPECT_EQ(After(seconds(30)), State::kInsufficientData) << "the minute is not complete";
  EXPECT_EQ(After(seconds(36)), State::kAlarm);
  auto firing = service_->FiringWith(scope_, kAction).value();
  ASSERT_EQ(firing.size(), 1u);
  EXPECT_EQ(firing[0].value, 25);
  EXPECT_EQ(firing[0].threshold, 10);
  EXPECT_TRUE(service_->FiringWith({AccountId("999999999999"), scope_.region}, kAction).value().empty());
  ASSERT_TRUE(service_->EnableActions(scope_, {"a"}, false).ok());
  EXPECT_TRUE(service_->FiringWith(scope_, kAction).value().empty());
  Measure(5);
  EXPECT_EQ(After(seconds(60)), State::kOk);
}

// What is set by hand can be seen for a minute; then the metric decides.
TEST_F(AlarmsTest, SetByHand) {
  Make("a", 10);
  shapes::cloudwatch::SetAlarmStateInput set;
  set.alarm_name = "a";
  set.state_value = "ALARM";
  set.state_reason = "a rehearsal";
  ASSERT_TRUE(service_->SetAlarmState(scope_, set).ok());
  EXPECT_EQ(After(seconds(30)), State::kAlarm);
  EXPECT_EQ(After(seconds(31)), State::kInsufficientData);
}

// Deleting several is all or none, as AWS has it.
TEST_F(AlarmsTest, DeletesAllOrNone) {
  Make("a", 1);
  EXPECT_EQ(service_->DeleteAlarms(scope_, {"a", "b"}).error().reason, kNoSuchAlarm);
  EXPECT_TRUE(service_->StateOf(scope_, "a").ok());
  EXPECT_TRUE(service_->DeleteAlarms(scope_, {"a"}).ok());
  EXPECT_EQ(service_->StateOf(scope_, "a").error().reason, kNoSuchAlarm);
}

}  // namespace
}  // namespace aloft::alarms
