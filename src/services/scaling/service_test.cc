#include "services/scaling/service.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "foundation/kv/store.h"
#include "platform/alarms/records.h"
#include "platform/work/lease.h"
#include "services/scaling/records.h"

namespace aloft::scaling {
namespace {

namespace wire = shapes::application_autoscaling;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr char kDimension[] = "sagemaker:variant:DesiredInstanceCount";
constexpr char kResource[] = "endpoint/e/variant/v";

class PuppetResource final : public Resource {
 public:
  Result<Capacity> Look(const Scope&, const std::string& id) override {
    if (id != kResource) return Fail(kNoSuchTarget, "no such endpoint");
    return Capacity{wished, busy};
  }
  Status Set(const Scope&, const std::string&, int count) override {
    wished = count;
    return {};
  }
  telemetry::MetricName Invocations(const std::string&) override { return {"AWS/SageMaker", "Invocations", {}}; }

  int wished = 1;
  bool busy = false;
};

class ScalingTest : public testing::Test {
 protected:
  ScalingTest() {
    std::string name = std::filesystem::temp_directory_path() / "aloft-scaling-XXXXXX";
    directory_ = mkdtemp(name.data());
    std::vector<sql::Migration> migrations;
    for (auto part : {work::Migrations(), alarms::Migrations(), Migrations()}) {
      migrations.insert(migrations.end(), part.begin(), part.end());
    }
    sql::Options options;
    options.path = directory_ + "/aloft.db";
    database_ = sql::Database::Open(options, migrations, Log::Discard()).value();
    kv::Options memory;
    memory.engine = kv::Engine::kMemory;
    store_ = kv::Store::Open(memory, Log::Discard()).value();
    metrics_.emplace(*store_, clock_, random_);
    alarms_.emplace(*database_, *metrics_, clock_, random_, "test", Log::Discard());
    Boot();
  }
  ~ScalingTest() override {
    service_.reset();
    std::filesystem::remove_all(directory_);
  }
  // A new server finds what the old one left.
  void Boot() {
    service_.reset();
    service_.emplace(Dependencies{*database_, *metrics_, *alarms_, clock_, random_, {{kDimension, &resource_}}},
                     Options{}, Log::Discard());
  }

  template <class Request>
  static Request On(Request request = {}) {
    request.service_namespace = "sagemaker";
    request.resource_id = kResource;
    request.scalable_dimension = kDimension;
    return request;
  }
  void Register(int least, int most) {
    auto request = On<wire::RegisterScalableTargetRequest>();
    request.min_capacity = least;
    request.max_capacity = most;
    auto registered = service_->RegisterScalableTarget(scope_, request);
    ASSERT_TRUE(registered.ok()) << Describe(registered.error());
  }
  std::string Track(double target, int in_cooldown = 300) {
    auto request = On<wire::PutScalingPolicyRequest>();
    request.policy_name = "track";
    request.policy_type = "TargetTrackingScaling";
    auto& tracking = request.target_tracking_scaling_policy_configuration.emplace();
    tracking.target_value = target;
    tracking.scale_in_cooldown = in_cooldown;
    tracking.predefined_metric_specification.emplace().predefined_metric_type =
        "SageMakerVariantInvocationsPerInstance";
    auto put = service_->PutScalingPolicy(scope_, request);
    EXPECT_TRUE(put.ok());
    return put.ok() ? *put->policy_arn : put.error().message;
  }
  void Measure(const char* space, const char* name, double value) {
    telemetry::MetricPoint point;
    point.metric = {space, name, {}};
    point.values = {value};
    ASSERT_TRUE(metrics_->Put(scope_, {{point}}).ok());
  }
  // Every ten seconds a sixth of the load is measured, and the loop looks.
  void Run(double a_minute, std::chrono::seconds time) {
    for (seconds passed{0}; passed < time; passed += seconds(10)) {
      clock_.Advance(seconds(10));
      if (a_minute > 0) Measure("AWS/SageMaker", "Invocations", a_minute / 6);
      ASSERT_TRUE(service_->Look().ok());
    }
  }
  std::vector<wire::ScalingActivity> Activities() {
    wire::DescribeScalingActivitiesRequest request;
    request.service_namespace = "sagemaker";
    return *service_->DescribeScalingActivities(scope_, request)->scaling_activities;
  }

  const Scope scope_{AccountId("123456789012"), Region("us-east-1")};
  std::string directory_;
  ManualClock clock_{Time(seconds(1'700'000'040))};
  SeededRandom random_{7};
  PuppetResource resource_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> store_;
  std::optional<telemetry::MetricStore> metrics_;
  std::optional<alarms::Service> alarms_;
  std::optional<Service> service_;
};

// The walk over our own metrics on a virtual clock: out with the load, in after it, to zero when nobody asks; each step
// is an activity with its reason.
TEST_F(ScalingTest, FollowsInvocations) {
  Register(0, 5);
  Track(100);
  Run(60, seconds(60));
  EXPECT_EQ(resource_.wished, 1);
  Run(330, minutes(1));
  EXPECT_EQ(resource_.wished, 4);
  Run(50, minutes(7));
  EXPECT_EQ(resource_.wished, 1);
  Run(0, minutes(7));
  EXPECT_EQ(resource_.wished, 0);
  resource_.wished = 1;  // a request woke it
  Run(5, minutes(10));
  EXPECT_EQ(resource_.wished, 1);
  auto activities = Activities();
  ASSERT_GE(activities.size(), 3u);
  EXPECT_EQ(*activities[0].description, "Setting desired instance count to 0.");
  EXPECT_EQ(*activities[0].cause,
            "target tracking policy track: 0 invocations in the last minute over 1 instances, target 100");
  EXPECT_EQ(*activities[0].status_code, "Successful");
}

// After a restart a policy watches its whole cooldown again before it ends anything; what was scaled out stays known.
TEST_F(ScalingTest, RestartEndsNothingEarly) {
  Register(1, 5);
  Track(100);
  Run(400, minutes(1));
  EXPECT_EQ(resource_.wished, 4);
  Run(10, minutes(5));
  Boot();
  Run(10, seconds(280));
  EXPECT_EQ(resource_.wished, 4);
  Run(10, seconds(40));
  EXPECT_EQ(resource_.wished, 1);
}

// Bounds that were changed count at once, for what is there too; a busy endpoint is left alone.
TEST_F(ScalingTest, BoundsAndBusy) {
  Register(3, 5);
  resource_.busy = true;
  Run(0, seconds(10));
  EXPECT_EQ(resource_.wished, 1);
  resource_.busy = false;
  Run(0, seconds(10));
  EXPECT_EQ(resource_.wished, 3);
  Register(0, 2);
  Run(0, seconds(10));
  EXPECT_EQ(resource_.wished, 2);
}

// A scheduled action sets the bounds once at its time; one missed while no server ran is made up for.
TEST_F(ScalingTest, ScheduledAction) {
  Register(1, 8);
  auto request = On<wire::PutScheduledActionRequest>();
  request.scheduled_action_name = "morning";
  request.schedule = "at(2023-11-14T23:00:00)";  // 46 minutes on
  request.scalable_target_action.emplace().min_capacity = 4;
  ASSERT_TRUE(service_->PutScheduledAction(scope_, request).ok());
  Run(0, minutes(5));
  EXPECT_EQ(resource_.wished, 1);
  clock_.Advance(minutes(60));
  Boot();
  Run(0, seconds(10));
  EXPECT_EQ(resource_.wished, 4);
  wire::DescribeScalableTargetsRequest all;
  all.service_namespace = "sagemaker";
  EXPECT_EQ(service_->DescribeScalableTargets(scope_, all)->scalable_targets->front().min_capacity, 4);
  Register(1, 8);
  Run(0, minutes(1));
  EXPECT_EQ(resource_.wished, 4) << "it ran once; the new minimum asks for nothing less";
  EXPECT_EQ(Activities().size(), 1u);
}

// Step scaling acts where an alarm fires that names the policy, and rests for its cooldown.
TEST_F(ScalingTest, StepsOnAlarm) {
  Register(1, 10);
  auto policy = On<wire::PutScalingPolicyRequest>();
  policy.policy_name = "steps";
  policy.policy_type = "StepScaling";
  auto& steps = policy.step_scaling_policy_configuration.emplace();
  steps.adjustment_type = "ChangeInCapacity";
  steps.cooldown = 120;
  wire::StepAdjustment low, high;
  low.metric_interval_lower_bound = 0;
  low.metric_interval_upper_bound = 20;
  low.scaling_adjustment = 1;
  high.metric_interval_lower_bound = 20;
  high.scaling_adjustment = 3;
  steps.step_adjustments = {low, high};
  auto put = service_->PutScalingPolicy(scope_, policy);
  ASSERT_TRUE(put.ok()) << Describe(put.error());
  shapes::cloudwatch::PutMetricAlarmInput alarm;
  alarm.alarm_name = "hot";
  alarm.namespace_ = "N";
  alarm.metric_name = "M";
  alarm.statistic = "Maximum";
  alarm.period = 60;
  alarm.evaluation_periods = 1;
  alarm.threshold = 50;
  alarm.comparison_operator = "GreaterThanThreshold";
  alarm.treat_missing_data = "notBreaching";
  alarm.alarm_actions = {*put->policy_arn};
  ASSERT_TRUE(alarms_->PutMetricAlarm(scope_, alarm).ok());
  auto pass = [&](double value, seconds time) {
    for (seconds passed{0}; passed < time; passed += seconds(10)) {
      Measure("N", "M", value);
      clock_.Advance(seconds(10));
      ASSERT_TRUE(alarms_->Evaluate().ok());
      ASSERT_TRUE(service_->Look().ok());
    }
  };
  pass(75, seconds(80));
  EXPECT_EQ(resource_.wished, 4);
  pass(60, seconds(100));
  EXPECT_EQ(resource_.wished, 4) << "it rests";
  pass(60, seconds(30));
  EXPECT_EQ(resource_.wished, 5);
  pass(10, minutes(10));
  EXPECT_EQ(resource_.wished, 5);
  wire::DescribeScalingPoliciesRequest all;
  all.service_namespace = "sagemaker";
  auto shown = service_->DescribeScalingPolicies(scope_, all)->scaling_policies->front();
  ASSERT_EQ(shown.alarms->size(), 1u);
  EXPECT_EQ(*shown.alarms->front().alarm_name, "hot");
}

// What could not be carried out is refused when it is put, by name; what is absent says so.
TEST_F(ScalingTest, Refusals) {
  auto target = On<wire::RegisterScalableTargetRequest>();
  EXPECT_EQ(service_->RegisterScalableTarget(scope_, target).error().reason, kBadScaling) << "no capacities";
  target.min_capacity = 3;
  target.max_capacity = 2;
  EXPECT_EQ(service_->RegisterScalableTarget(scope_, target).error().reason, kBadScaling);
  target.max_capacity = 3;
  target.resource_id = "endpoint/other/variant/v";
  EXPECT_EQ(service_->RegisterScalableTarget(scope_, target).error().reason, kBadScaling);
  target.scalable_dimension = "dynamodb:table:ReadCapacityUnits";
  EXPECT_EQ(service_->RegisterScalableTarget(scope_, target).error().reason, kNotBuilt);

  auto policy = On<wire::PutScalingPolicyRequest>();
  policy.policy_name = "p";
  EXPECT_EQ(service_->PutScalingPolicy(scope_, policy).error().reason, kNoSuchTarget);
  Register(1, 2);
  EXPECT_EQ(service_->PutScalingPolicy(scope_, policy).error().reason, kBadScaling);
  policy.policy_type = "TargetTrackingScaling";
  auto& tracking = policy.target_tracking_scaling_policy_configuration.emplace();
  tracking.target_value = 10;
  auto& metric = tracking.predefined_metric_specification.emplace().predefined_metric_type;
  metric = "SageMakerInferenceComponentInvocationsPerCopy";
  EXPECT_EQ(service_->PutScalingPolicy(scope_, policy).error().reason, kBadScaling) << "of another dimension";
  metric = "SageMakerVariantConcurrentRequestsPerModelHighResolution";
  EXPECT_EQ(service_->PutScalingPolicy(scope_, policy).error().reason, kNotBuilt);
  policy.policy_type = "PredictiveScaling";
  EXPECT_EQ(service_->PutScalingPolicy(scope_, policy).error().reason, kNotBuilt);
  auto action = On<wire::PutScheduledActionRequest>();
  action.scheduled_action_name = "a";
  action.schedule = "cron(* * 15W * ? *)";
  action.scalable_target_action.emplace().min_capacity = 1;
  EXPECT_EQ(service_->PutScheduledAction(scope_, action).error().reason, kBadScaling);
  action.schedule = "rate(1 hour)";
  action.timezone = "Europe/Berlin";
  EXPECT_EQ(service_->PutScheduledAction(scope_, action).error().reason, kNotBuilt);

  auto gone = On<wire::DeregisterScalableTargetRequest>();
  EXPECT_TRUE(service_->DeregisterScalableTarget(scope_, gone).ok());
  EXPECT_EQ(service_->DeregisterScalableTarget(scope_, gone).error().reason, kNoSuchTarget);
}

}  // namespace
}  // namespace aloft::scaling
