#include "services/serving/testing_service.h"

namespace aloft::serving {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The walk: Creating until the worker answers, then predictions go through, then Describe shows what the SDK reads.
TEST_F(ServingTest, CreateServeDescribe) {
  MakeConfig("c");
  auto made = MakeEndpoint();
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(*made->endpoint_arn, "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e");
  EXPECT_EQ(StatusOf(), "Creating");
  EXPECT_EQ((**Invoke()).error().reason, kNoSuchEndpoint);
  Settle();
  ASSERT_THAT(backend_.started, SizeIs(1));
  EXPECT_EQ(Newest().value(), "serving.123456789012.us-east-1.e.1.AllTraffic.0.1");
  EXPECT_EQ((**Invoke()).error().reason, kEndpointNotInService);
  BringUp(Newest());

  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "InService");
  EXPECT_EQ(*described->endpoint_config_name, "c");
  ASSERT_THAT(*described->production_variants, SizeIs(1));
  EXPECT_EQ(described->production_variants->front().current_instance_count, 1);
  EXPECT_EQ(described->production_variants->front().deployed_images->front().resolved_image,
            "aloft-runtime/scikit-learn");

  auto answer = Invoke("[[5.1]]");
  ASSERT_THAT(workers_.pending, SizeIs(1));
  EXPECT_EQ(workers_.pending[0].invocation.body, "[[5.1]]");
  workers_.Answer(200, "[0]");
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((**answer)->body, "[0]");
  EXPECT_EQ((**answer)->variant, "AllTraffic");
  EXPECT_THAT((**answer)->log_stream_arn, HasSubstr("log-group:/aws/sagemaker/Endpoints/e:log-stream:AllTraffic/i-"));
}

// An engine that takes over while a worker is in service is described as soon as a health check tells of it.
TEST_F(ServingTest, DescribeNamesWhatComputes) {
  MakeConfig("c");
  ASSERT_TRUE(MakeEndpoint().ok());
  Settle();
  BringUp(Newest());
  workers_.engine = "onnxruntime-1.31.1";
  Pass(seconds(5));
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(described->production_variants->front().deployed_images->front().resolved_image,
            "aloft-runtime/scikit-learn@onnxruntime-1.31.1");
}

// The texts that the SDK matches: "Could not find", "Cannot create already existing".
TEST_F(ServingTest, MessagesThatClientsMatch) {
  EXPECT_EQ(service_->DescribeEndpoint(scope_, "e").error().message,
            "Could not find endpoint \"arn:aws:sagemaker:us-east-1:123456789012:endpoint/e\".");
  EXPECT_EQ(service_->DescribeEndpointConfig(scope_, "c").error().message,
            "Could not find endpoint configuration \"arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c\".");
  EXPECT_EQ(models_->DescribeModel(scope_, "x").error().message,
            "Could not find model \"arn:aws:sagemaker:us-east-1:123456789012:model/x\".");
  EXPECT_EQ(MakeEndpoint().error().reason, kNoSuchEndpointConfig);
  MakeConfig("c");
  EXPECT_THAT(service_->CreateEndpointConfig(scope_, ConfigRequest("c")).error().message,
              HasSubstr("Cannot create already existing endpoint configuration"));
  ASSERT_TRUE(MakeEndpoint().ok());
  EXPECT_THAT(MakeEndpoint().error().message, HasSubstr("Cannot create already existing endpoint \"arn:"));
  EXPECT_THAT(Update("c").error().message, HasSubstr("Cannot update in-progress endpoint"));
}

// A configuration of a model that is not there, or that asks for what is not built, is refused by name.
TEST_F(ServingTest, BadConfigurations) {
  auto request = ConfigRequest("c");
  request.production_variants->front().model_name = "nobody";
  EXPECT_EQ(service_->CreateEndpointConfig(scope_, request).error().reason, models::kNoSuchModel);
  request = ConfigRequest("c");
  request.production_variants->front().instance_type = "ml.nonsense";
  EXPECT_EQ(service_->CreateEndpointConfig(scope_, request).error().reason, kBadEndpointConfig);
  request = ConfigRequest("c");
  request.production_variants->front().serverless_config.emplace();
  EXPECT_THAT(service_->CreateEndpointConfig(scope_, request).error().message, HasSubstr("serverless"));
  request = ConfigRequest("c");
  request.production_variants->front().managed_instance_scaling.emplace();
  EXPECT_THAT(service_->CreateEndpointConfig(scope_, request).error().message, HasSubstr("ManagedInstanceScaling"));
  request = ConfigRequest("c");
  request.production_variants->push_back(request.production_variants->front());
  EXPECT_EQ(service_->CreateEndpointConfig(scope_, request).error().reason, kBadEndpointConfig);
}

// A model that does not load: tried again after its delay, then Failed with the traceback, and nothing keeps running.
TEST_F(ServingTest, LoadFailure) {
  MakeConfig("c");
  ASSERT_TRUE(MakeEndpoint().ok());
  Settle();
  backend_.Write(Newest(), clock_.Now(), "Traceback (most recent call last):");
  backend_.End(Newest(), compute::Outcome::kFailed, "KeyError: 'weights'");
  service_->OnTaskChange(Newest());
  Settle();
  EXPECT_EQ(StatusOf(), "Creating");
  ASSERT_THAT(backend_.started, SizeIs(1));
  Pass(kFirstRetry);
  ASSERT_THAT(backend_.started, SizeIs(2));
  EXPECT_THAT(Newest().value(), testing::EndsWith("AllTraffic.0.2"));
  backend_.End(Newest(), compute::Outcome::kFailed, "KeyError: 'weights'");
  service_->OnTaskChange(Newest());
  Settle();
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "Failed");
  EXPECT_THAT(*described->failure_reason, HasSubstr("KeyError: 'weights'"));
  EXPECT_THAT(backend_.tasks, IsEmpty());
  // The log is where the reason says, although the task is gone.
  auto streams = logs_->DescribeStreams({scope_.account, scope_.region}, "/aws/sagemaker/Endpoints/e", {});
  ASSERT_TRUE(streams.ok());
  ASSERT_THAT(streams->streams, SizeIs(1));
  auto page = logs_->GetEvents({scope_.account, scope_.region}, "/aws/sagemaker/Endpoints/e", streams->streams[0].name,
                               {.from_head = true});
  ASSERT_THAT(page->events, SizeIs(1));
  EXPECT_EQ(page->events[0].message, "Traceback (most recent call last):");
}

// What compute can never run is the endpoint's failure, by name, not an endless retry.
TEST_F(ServingTest, TooLargeForTheMachine) {
  MakeConfig("c");
  backend_.refuse_start = "needs 8.0 GiB of memory, this machine has 1.0 GiB";
  ASSERT_TRUE(MakeEndpoint().ok());
  Settle();
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "Failed");
  EXPECT_THAT(*described->failure_reason, HasSubstr("needs 8.0 GiB"));
}

// A worker in service that dies is started again; meanwhile the endpoint stays InService and requests wait for it.
TEST_F(ServingTest, WorkerDiesAndComesBack) {
  InService();
  compute::TaskId first = Newest();
  backend_.End(first, compute::Outcome::kOutOfMemory, "out of memory");
  service_->OnTaskChange(first);
  Settle();
  EXPECT_EQ(StatusOf(), "InService");
  auto answer = Invoke();
  EXPECT_FALSE(answer->has_value());
  Pass(kFirstRetry);
  ASSERT_NE(Newest(), first);
  BringUp(Newest());
  ASSERT_THAT(workers_.pending, SizeIs(1));
  workers_.Answer(200, "late");
  EXPECT_EQ((**answer)->body, "late");
}

// A worker that hangs gets no requests, and is replaced when it has been silent for longer than any prediction may
// take.
TEST_F(ServingTest, HangingWorkerIsReplaced) {
  InService();
  compute::TaskId first = Newest();
  workers_.healthy[backend_.tasks[first].socket_path] = false;
  for (int i = 0; i < 10; ++i) Pass(seconds(1));
  auto waits = Invoke();
  EXPECT_FALSE(waits->has_value());
  EXPECT_THAT(backend_.removed, IsEmpty());
  for (int i = 0; i < 60; ++i) Pass(seconds(1));
  EXPECT_THAT(backend_.removed, ElementsAre(first));
  EXPECT_NE(Newest(), first);
  EXPECT_EQ((**waits).error().reason, kEndpointNotReady);  // nobody waits for ever
}

// Requests go to another worker where one is away, because it never got them; one that broke is asked once more; one
// that takes too long is not.
TEST_F(ServingTest, WhatIsRetried) {
  InService(2);
  workers_.away[backend_.tasks[backend_.started[0].id].socket_path] = true;
  for (int i = 0; i < 3; ++i) Invoke();
  ASSERT_THAT(workers_.pending, SizeIs(3));
  for (const auto& request : workers_.pending) {
    EXPECT_EQ(request.socket, backend_.tasks[backend_.started[1].id].socket_path);
  }
  workers_.away.clear();
  while (!workers_.pending.empty()) workers_.Answer(200, "");
  auto answer = Invoke();
  workers_.Break(Fail(kIoError, "broken"));
  ASSERT_FALSE(answer->has_value());
  workers_.Break(Fail(kIoError, "broken"));
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((**answer)->status, 500);
  EXPECT_THAT(workers_.pending, IsEmpty());
  auto late = Invoke();
  workers_.Break(Fail(kDeadlineExceeded, "late"));
  EXPECT_EQ((**late)->status, 0);
  EXPECT_THAT((**late)->body, HasSubstr("timed out"));
}

// The queue is bounded: more is refused at once, and room comes back with each answer.
TEST_F(ServingTest, RefusesWhatIsTooMany) {
  InService();
  for (int i = 0; i < 3; ++i) Invoke();
  EXPECT_EQ((**Invoke()).error().reason, kTooManyInvocations);
  EXPECT_THAT(workers_.pending, SizeIs(3));
  workers_.Answer(200, "");
  Invoke();
  EXPECT_THAT(workers_.pending, SizeIs(3));
}

// An update: the old version answers until the new one does, and its workers live until their last answer is out.
TEST_F(ServingTest, UpdateLoadsTheNewBeforeTheOldGoes) {
  InService();
  compute::TaskId old_worker = Newest();
  MakeConfig("c2");
  ASSERT_TRUE(Update("c2").ok());
  Settle();
  EXPECT_EQ(StatusOf(), "Updating");
  compute::TaskId new_worker = Newest();
  ASSERT_NE(new_worker, old_worker);
  auto during = Invoke();
  EXPECT_EQ(workers_.pending[0].socket, backend_.tasks[old_worker].socket_path);

  BringUp(new_worker);
  EXPECT_EQ(StatusOf(), "InService");
  EXPECT_EQ(*service_->DescribeEndpoint(scope_, "e")->endpoint_config_name, "c2");
  Invoke();
  EXPECT_EQ(workers_.pending[1].socket, backend_.tasks[new_worker].socket_path);
  EXPECT_TRUE(backend_.tasks.contains(old_worker));
  workers_.Answer(200, "old");
  EXPECT_EQ((**during)->body, "old");
  Pass(seconds(5));
  EXPECT_FALSE(backend_.tasks.contains(old_worker));
}

// A canary: a part of the traffic after the workers answer, the rest after the wait, the old workers until after
// theirs.
TEST_F(ServingTest, CanaryShiftsInSteps) {
  InService(2);
  std::vector<compute::TaskSpec> old_workers = backend_.started;
  MakeConfig("c2", 2);
  auto& policy = deployment_.emplace().blue_green_update_policy.emplace();
  auto& routing = policy.traffic_routing_configuration.emplace();
  policy.termination_wait_in_seconds = 30;
  routing.type = "CANARY";
  routing.wait_interval_in_seconds = 60;
  routing.canary_size.emplace().type = "INSTANCE_COUNT";
  routing.canary_size->value = 1;
  auto updated = Update("c2");
  ASSERT_TRUE(updated.ok()) << Describe(updated.error());
  Settle();
  BringUp(backend_.started[2].id);
  EXPECT_EQ(*service_->DescribeEndpoint(scope_, "e")->production_variants->front().current_weight, 1);
  BringUp(backend_.started[3].id);
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "Updating");
  EXPECT_EQ(*described->production_variants->front().current_weight, 0.5);
  EXPECT_EQ(*described->pending_deployment_summary->production_variants->front().current_weight, 0.5);
  EXPECT_EQ(described->pending_deployment_summary->production_variants->front().variant_status->front().status,
            "ActivatingTraffic");
  EXPECT_EQ(described->last_deployment_config->blue_green_update_policy->termination_wait_in_seconds, 30);

  Boot();  // the shift goes on where it was
  for (int i = 0; i < 61; ++i) Pass(seconds(1));
  EXPECT_EQ(
      *service_->DescribeEndpoint(scope_, "e")->pending_deployment_summary->production_variants->front().current_weight,
      1);
  for (int i = 0; i < 61; ++i) Pass(seconds(1));
  EXPECT_EQ(StatusOf(), "InService");
  EXPECT_TRUE(backend_.tasks.contains(old_workers[0].id));
  for (int i = 0; i < 31; ++i) Pass(seconds(1));
  EXPECT_FALSE(backend_.tasks.contains(old_workers[0].id));
}

// A new worker that dies under the first traffic takes the update back at once, and no request is lost by it.
TEST_F(ServingTest, ShiftIsTakenBack) {
  InService();
  MakeConfig("c2");
  auto& routing = deployment_.emplace().blue_green_update_policy.emplace().traffic_routing_configuration.emplace();
  routing.type = "LINEAR";
  routing.wait_interval_in_seconds = 60;
  routing.linear_step_size.emplace().type = "CAPACITY_PERCENT";
  routing.linear_step_size->value = 50;
  ASSERT_TRUE(Update("c2").ok());
  Settle();
  compute::TaskId fresh = Newest();
  BringUp(fresh);
  EXPECT_EQ(*service_->DescribeEndpoint(scope_, "e")->production_variants->front().current_weight, 0.5);
  backend_.End(fresh, compute::Outcome::kFailed, "boom");
  service_->OnTaskChange(fresh);
  Settle();
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "InService");
  EXPECT_EQ(*described->endpoint_config_name, "c");
  EXPECT_EQ(*described->production_variants->front().current_weight, 1);
  EXPECT_THAT(*described->failure_reason, HasSubstr("boom"));
}

// What an update's traffic cannot be, and what is not built, is refused before anything changes.
TEST_F(ServingTest, BadDeploymentConfigs) {
  InService();
  auto& policy = deployment_.emplace().blue_green_update_policy.emplace();
  auto& routing = policy.traffic_routing_configuration.emplace();
  routing.type = "CANARY";
  EXPECT_EQ(Update("c").error().reason, kBadEndpointConfig);
  routing.canary_size.emplace().type = "CAPACITY_PERCENT";
  routing.canary_size->value = 60;
  EXPECT_EQ(Update("c").error().reason, kBadEndpointConfig);
  deployment_.emplace().rolling_update_policy.emplace();
  EXPECT_THAT(Update("c").error().message, HasSubstr("RollingUpdatePolicy"));
  deployment_.emplace().auto_rollback_configuration.emplace().alarms.emplace().emplace_back().alarm_name = "absent";
  EXPECT_THAT(Update("c").error().message, HasSubstr("AutoRollbackConfiguration: no such alarm"));
  EXPECT_EQ(StatusOf(), "InService");
}

// Counts grow and shrink in service; numbers of instances are not used again; what leaves answers what it has.
TEST_F(ServingTest, CapacityChangesInService) {
  InService();
  compute::TaskId first = Newest();
  auto capacity = [&](int count) {
    sagemaker::UpdateEndpointWeightsAndCapacitiesRequest request;
    request.endpoint_name = "e";
    auto& wish = request.desired_weights_and_capacities.emplace().emplace_back();
    wish.variant_name = "AllTraffic";
    wish.desired_instance_count = count;
    return service_->UpdateEndpointWeightsAndCapacities(scope_, request);
  };
  EXPECT_EQ(capacity(0).error().reason, kBadEndpointConfig);
  ASSERT_TRUE(capacity(2).ok());
  EXPECT_THAT(capacity(3).error().message, HasSubstr("Cannot update in-progress"));
  Settle();
  EXPECT_EQ(StatusOf(), "Updating");
  compute::TaskId second = Newest();
  EXPECT_THAT(second.value(), testing::EndsWith("AllTraffic.1.1"));
  BringUp(second);
  EXPECT_EQ(StatusOf(), "InService");
  EXPECT_EQ(service_->DescribeEndpoint(scope_, "e")->production_variants->front().current_instance_count, 2);

  Invoke();
  auto slow = Invoke();
  ASSERT_TRUE(capacity(1).ok());
  Settle();
  EXPECT_EQ(StatusOf(), "InService");
  Pass(seconds(10));
  EXPECT_TRUE(backend_.tasks.contains(second));  // still answers
  while (!workers_.pending.empty()) workers_.Answer(200, "done");
  EXPECT_EQ((**slow)->body, "done");
  Pass(seconds(1));
  EXPECT_FALSE(backend_.tasks.contains(second));
  EXPECT_TRUE(backend_.tasks.contains(first));
  ASSERT_TRUE(capacity(2).ok());
  Settle();
  EXPECT_THAT(Newest().value(), testing::EndsWith("AllTraffic.2.1"));
  // What does not come up is tried on, and the endpoint stays in service with what it has.
  for (int i = 0; i < kStartTries; ++i) {
    backend_.End(Newest(), compute::Outcome::kFailed, "no room");
    service_->OnTaskChange(Newest());
    Settle();
    Pass(seconds(5));
  }
  EXPECT_EQ(StatusOf(), "InService");
  EXPECT_THAT(*service_->DescribeEndpoint(scope_, "e")->failure_reason, HasSubstr("no room"));
}

// A failed update leaves the old version in service, and Describe says why.
TEST_F(ServingTest, FailedUpdate) {
  InService();
  compute::TaskId old_worker = Newest();
  MakeConfig("c2");
  ASSERT_TRUE(Update("c2").ok());
  Settle();
  backend_.End(Newest(), compute::Outcome::kInputRefused, "no such object");
  service_->OnTaskChange(Newest());
  Settle();
  auto described = service_->DescribeEndpoint(scope_, "e");
  EXPECT_EQ(*described->endpoint_status, "InService");
  EXPECT_EQ(*described->endpoint_config_name, "c");
  EXPECT_THAT(*described->failure_reason, HasSubstr("no such object"));
  Invoke();
  EXPECT_EQ(workers_.pending[0].socket, backend_.tasks[old_worker].socket_path);
}

// Deleting refuses new requests at once, waits for the answers that are due, and leaves nothing.
TEST_F(ServingTest, DeleteDrains) {
  InService();
  auto answer = Invoke();
  ASSERT_TRUE(service_->DeleteEndpoint(scope_, "e").ok());
  Settle();
  EXPECT_EQ(StatusOf(), "Deleting");
  EXPECT_EQ((**Invoke()).error().reason, kNoSuchEndpoint);
  EXPECT_THAT(backend_.tasks, SizeIs(1));
  workers_.Answer(200, "last");
  EXPECT_EQ((**answer)->body, "last");
  Pass(seconds(1));
  EXPECT_THAT(StatusOf(), HasSubstr("Could not find endpoint"));
  EXPECT_THAT(backend_.tasks, IsEmpty());
  // The name is free again.
  EXPECT_TRUE(MakeEndpoint().ok());
}

// A worker that cannot be ended keeps memory from the others: it is ended again and again, also when its endpoint is
// gone.
TEST_F(ServingTest, WhatCannotBeEndedIsEndedAgain) {
  InService();
  const compute::TaskId old = Newest();
  backend_.stays.insert(old);
  MakeConfig("c2");
  ASSERT_TRUE(Update("c2").ok());
  Settle();
  BringUp(Newest());
  for (int i = 0; i < 10; ++i) Pass(seconds(1));
  EXPECT_EQ(StatusOf(), "InService");
  EXPECT_TRUE(backend_.tasks.contains(old));
  backend_.stays.clear();
  Pass(seconds(1));
  EXPECT_FALSE(backend_.tasks.contains(old));

  const compute::TaskId last = Newest();
  backend_.stays.insert(last);
  ASSERT_TRUE(service_->DeleteEndpoint(scope_, "e").ok());
  for (int i = 0; i < 5; ++i) Pass(seconds(1));
  EXPECT_THAT(StatusOf(), HasSubstr("Could not find endpoint"));
  EXPECT_TRUE(backend_.tasks.contains(last));
  Boot();  // the next server finds it, too
  EXPECT_TRUE(backend_.tasks.contains(last));
  backend_.stays.clear();
  for (int i = 0; i < 6; ++i) Pass(seconds(1));
  EXPECT_THAT(backend_.tasks, IsEmpty());
}

// Workers outlive the server: a new process answers with the same worker from its first moment.
TEST_F(ServingTest, AdoptedAfterARestart) {
  InService();
  std::size_t started = backend_.started.size();
  Boot();
  EXPECT_EQ(StatusOf(), "InService");
  Invoke();
  EXPECT_THAT(workers_.pending, SizeIs(1));
  EXPECT_EQ(backend_.started.size(), started);
}

// A worker that served for long has proven itself, however often its server was killed meanwhile: it dies once, and not
// for the tenth time. The soak's endpoint failed so, after ten kills in half an hour.
TEST_F(ServingTest, ServedLongAcrossRestarts) {
  InService();
  for (int death = 0; death < 15; ++death) {
    for (int server = 0; server < 3; ++server) {
      Pass(seconds(30));
      Boot();
      Settle();
    }
    const std::size_t started = backend_.started.size();
    backend_.End(Newest(), compute::Outcome::kFailed, "killed");
    service_->OnTaskChange(Newest());
    Settle();
    Pass(seconds(60));
    ASSERT_EQ(StatusOf(), "InService") << "after " << death + 1 << " deaths";
    ASSERT_EQ(backend_.started.size(), started + 1);
    BringUp(Newest());
    Pass(seconds(1));
  }
}

// Two servers over one database: the one without the lease starts nothing, but answers; it takes over when the other
// goes.
TEST_F(ServingTest, AnotherServerAnswersAndTakesOver) {
  InService();
  PuppetBackend nothing;
  Options options;
  options.holder = "other";
  Service other({*database_, *models_, *runtimes_, nothing, workers_, *logs_, *metrics_, clock_, random_}, options,
                Log::Discard());
  ASSERT_TRUE(other.Resume().ok());
  // At once, although it has not looked yet.
  Invocation early;
  early.endpoint = "e";
  other.Invoke(scope_, early, [](Result<Answer> answer) { EXPECT_TRUE(answer.ok()); });
  ASSERT_THAT(workers_.pending, SizeIs(1));
  workers_.Answer(200, "");
  auto pass = [&](seconds time) {
    for (int i = 0; i < 20 && other.RunDue() > 0; ++i) {
    }
    Pass(time);
    for (int i = 0; i < 20 && other.RunDue() > 0; ++i) {
    }
  };
  pass(seconds(1));
  Invocation invocation;
  invocation.endpoint = "e";
  other.Invoke(scope_, invocation, [](Result<Answer> answer) { EXPECT_TRUE(answer.ok()); });
  ASSERT_THAT(workers_.pending, SizeIs(1));
  EXPECT_EQ(workers_.pending[0].socket, backend_.tasks[Newest()].socket_path);
  workers_.Answer(200, "");
  EXPECT_THAT(nothing.started, IsEmpty());

  // A wish that comes in at the one is carried out by the other.
  MakeConfig("c2");
  sagemaker::UpdateEndpointRequest request;
  request.endpoint_name = "e";
  request.endpoint_config_name = "c2";
  ASSERT_TRUE(other.UpdateEndpoint(scope_, request).ok());
  pass(seconds(1));
  EXPECT_THAT(nothing.started, IsEmpty());
  ASSERT_THAT(backend_.started, SizeIs(2));

  service_.reset();
  for (int i = 0; i < 10; ++i) {
    clock_.Advance(seconds(1));
    other.RunDue();
  }
  EXPECT_FALSE(nothing.started.empty());
}

// A worker that died while no server ran is replaced; one that belongs to nobody is ended.
TEST_F(ServingTest, WhatHappenedMeanwhile) {
  InService();
  compute::TaskId first = Newest();
  backend_.End(first, compute::Outcome::kLost, "lost");
  backend_.tasks[compute::TaskId("serving.123456789012.us-east-1.gone.1.AllTraffic.0.1")] = {};
  backend_.tasks[compute::TaskId("training.123456789012.us-east-1.job.1")] = {};
  Boot();
  Settle();
  Pass(kFirstRetry);
  EXPECT_NE(Newest(), first);
  EXPECT_FALSE(backend_.tasks.contains(compute::TaskId("serving.123456789012.us-east-1.gone.1.AllTraffic.0.1")));
  EXPECT_TRUE(backend_.tasks.contains(compute::TaskId("training.123456789012.us-east-1.job.1")));
}

// A deployed endpoint needs neither its model nor its configuration any more.
TEST_F(ServingTest, KeepsWhatItNeeds) {
  InService();
  ASSERT_TRUE(models_->DeleteModel(scope_, "m").ok());
  ASSERT_TRUE(service_->DeleteEndpointConfig(scope_, "c").ok());
  backend_.End(Newest(), compute::Outcome::kFailed, "died");
  service_->OnTaskChange(Newest());
  Settle();
  Pass(kFirstRetry);
  EXPECT_THAT(backend_.started, SizeIs(2));
}

// Lists in pages, newest first by default, each page's token leading to the next.
TEST_F(ServingTest, Lists) {
  for (int i = 0; i < 5; ++i) {
    MakeConfig("config-" + std::to_string(i));
    clock_.Advance(seconds(1));
  }
  sagemaker::ListEndpointConfigsRequest request;
  request.max_results = 2;
  std::vector<std::string> names;
  do {
    auto page = service_->ListEndpointConfigs(scope_, request);
    ASSERT_TRUE(page.ok()) << Describe(page.error());
    for (const auto& item : *page->endpoint_configs) names.push_back(*item.endpoint_config_name);
    request.next_token = page->next_token;
  } while (request.next_token);
  EXPECT_THAT(names, ElementsAre("config-4", "config-3", "config-2", "config-1", "config-0"));
  request = {};
  request.name_contains = "FIG-3";
  EXPECT_THAT(*service_->ListEndpointConfigs(scope_, request)->endpoint_configs, SizeIs(1));
  request.next_token = "nonsense";
  EXPECT_EQ(service_->ListEndpointConfigs(scope_, request).error().reason, models::kBadPageToken);
}

}  // namespace
}  // namespace aloft::serving
