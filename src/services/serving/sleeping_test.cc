#include "services/serving/testing_service.h"

namespace aloft::serving {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

class SleepingTest : public ServingTest {
 protected:
  Service::Instances Instances() { return service_->InstancesOf(scope_, "e", "AllTraffic").value(); }
  void Set(int wished) {
    Status set = service_->SetInstances(scope_, "e", "AllTraffic", wished);
    ASSERT_TRUE(set.ok()) << Describe(set.error());
    Settle();
  }
  void ServerlessInService(int most, std::optional<int> provisioned = {}) {
    auto request = ConfigRequest("c");
    sagemaker::ProductionVariant& variant = request.production_variants->front();
    variant.instance_type.reset();
    variant.initial_instance_count.reset();
    auto& config = variant.serverless_config.emplace();
    config.memory_size_in_mb = 2048;
    config.max_concurrency = most;
    config.provisioned_concurrency = provisioned;
    auto made = service_->CreateEndpointConfig(scope_, request);
    ASSERT_TRUE(made.ok()) << Describe(made.error());
    ASSERT_TRUE(MakeEndpoint().ok());
    Settle();
    BringUp(Newest());
    ASSERT_EQ(StatusOf(), "InService");
  }
};

// To zero: the worker ends when it has answered, the endpoint stays in service; the next request waits for the worker
// that it wakes, and is answered.
TEST_F(SleepingTest, ToZeroAndBack) {
  InService();
  compute::TaskId first = Newest();
  auto running = Invoke();
  Set(0);
  EXPECT_EQ(StatusOf(), "InService");
  Pass(seconds(5));
  EXPECT_TRUE(backend_.tasks.contains(first)) << "it still works on a request";
  workers_.Answer(200, "[1]");
  EXPECT_EQ((**running)->status, 200);
  Pass(seconds(5));
  EXPECT_TRUE(backend_.tasks.empty());
  Pass(seconds(600));
  EXPECT_EQ(Instances().wished, 0);

  auto waiting = Invoke("[2]");
  Settle();
  EXPECT_FALSE(waiting->has_value());
  EXPECT_EQ(Instances().wished, 1);
  ASSERT_THAT(backend_.started, SizeIs(2));
  EXPECT_NE(Newest(), first);
  BringUp(Newest());
  ASSERT_THAT(workers_.pending, SizeIs(1));
  workers_.Answer(200, "[2]");
  EXPECT_EQ((**waiting)->body, "[2]");
}

// What waits for a worker that never comes is refused in the end, and a restart of the server does not wake anything by
// itself.
TEST_F(SleepingTest, WaitingHasADeadline) {
  InService();
  Set(0);
  Pass(seconds(5));
  Boot();
  Pass(seconds(30));
  EXPECT_TRUE(backend_.tasks.empty());
  auto waiting = Invoke();
  Settle();
  EXPECT_EQ(Instances().wished, 1);
  Pass(seconds(31));
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((**waiting).error().reason, kEndpointNotReady);
}

// Scaling leaves an endpoint alone that is being updated, and one that is not there is not there.
TEST_F(SleepingTest, WhatScalingSees) {
  MakeConfig("c");
  ASSERT_TRUE(MakeEndpoint().ok());
  EXPECT_TRUE(Instances().busy);
  Settle();
  BringUp(Newest());
  EXPECT_FALSE(Instances().busy);
  EXPECT_EQ(Instances().wished, 1);
  MakeConfig("d");
  ASSERT_TRUE(Update("d").ok());
  EXPECT_TRUE(Instances().busy);
  EXPECT_EQ(service_->SetInstances(scope_, "e", "AllTraffic", 2).error().reason, kEndpointBusy);
  EXPECT_EQ(service_->SetInstances(scope_, "e", "AllTraffic", 65).error().reason, kBadEndpointConfig);
  EXPECT_EQ(service_->InstancesOf(scope_, "e", "nobody").error().reason, kNoSuchVariant);
  EXPECT_EQ(service_->InstancesOf(scope_, "nobody", "v").error().reason, kNoSuchEndpoint);
}

// A serverless variant takes MaxConcurrency requests at once, sleeps when nobody asks, and is woken by the next
// request; its worker has the memory that was asked for.
TEST_F(SleepingTest, Serverless) {
  ServerlessInService(2);
  EXPECT_EQ(backend_.started.front().limits.memory_bytes, std::uint64_t{2048} << 20);
  auto first = Invoke(), second = Invoke(), third = Invoke();
  ASSERT_TRUE(third->has_value());
  EXPECT_EQ((**third).error().reason, kTooManyInvocations);
  EXPECT_THAT((**third).error().message, HasSubstr("MaxConcurrency (2)"));
  workers_.Answer(200, "[]");
  workers_.Answer(200, "[]");
  for (int i = 0; i < 29; ++i) Pass(seconds(10));
  EXPECT_THAT(backend_.tasks, SizeIs(1));
  for (int i = 0; i < 4; ++i) Pass(seconds(10));
  EXPECT_TRUE(backend_.tasks.empty());
  auto woken = Invoke();
  Settle();
  BringUp(Newest());
  workers_.Answer(200, "[]");
  EXPECT_TRUE((*woken)->ok());
  EXPECT_EQ(service_->InstancesOf(scope_, "e", "AllTraffic").error().reason, kNoSuchVariant) << "it has no instances";
}

// With provisioned concurrency it stays awake.
TEST_F(SleepingTest, ProvisionedConcurrency) {
  ServerlessInService(4, 2);
  Pass(seconds(1000));
  EXPECT_THAT(backend_.tasks, SizeIs(1));
}

// An alarm takes an update back while the traffic moves; one that fires before stops it at once.
TEST_F(SleepingTest, AlarmTakesAnUpdateBack) {
  InService();
  compute::TaskId old = Newest();
  MakeConfig("d");
  alarms_["errors"] = false;
  auto& deployment = deployment_.emplace();
  deployment.auto_rollback_configuration.emplace().alarms.emplace().emplace_back().alarm_name = "errors";
  auto& routing = deployment.blue_green_update_policy.emplace().traffic_routing_configuration.emplace();
  routing.type = "CANARY";
  routing.wait_interval_in_seconds = 60;
  routing.canary_size.emplace().type = "CAPACITY_PERCENT";
  routing.canary_size->value = 50;
  ASSERT_TRUE(Update("d").ok());
  Settle();
  BringUp(Newest());
  Pass(seconds(10));
  EXPECT_EQ(StatusOf(), "Updating");
  alarms_["errors"] = true;
  Pass(seconds(2));
  EXPECT_EQ(StatusOf(), "InService");
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_THAT(*described->failure_reason, HasSubstr("The alarm errors is in state ALARM"));
  EXPECT_EQ(*described->endpoint_config_name, "c");
  Pass(seconds(10));
  EXPECT_THAT(backend_.tasks, SizeIs(1));
  EXPECT_TRUE(backend_.tasks.contains(old));
  ASSERT_TRUE(Update("d").ok());
  Pass(seconds(1));
  EXPECT_EQ(StatusOf(), "InService");
}

}  // namespace
}  // namespace aloft::serving
