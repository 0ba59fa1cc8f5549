// The life of jobs: created, carried through every phase, ended in every way.
#include "services/training/service.h"

#include "services/jobs/messages.h"
#include "services/training/errors.h"
#include "services/training/testing_service.h"

namespace aloft::training {
namespace {

using compute::Outcome;
using compute::Phase;
using std::chrono::minutes;
using std::chrono::seconds;

// The whole way of a good job, as DescribeTrainingJob and the logs show it.
TEST_F(LifeTest, Completes) {
  CreateRequest request = GoodRequest("job");
  request.algorithm_specification->metric_definitions = {{Metric("loss", "loss=([0-9.]+)")}};
  StartJob(request);
  EXPECT_EQ(*Describe("job").training_job_status, "InProgress");
  EXPECT_EQ(*Describe("job").secondary_status, "Starting");
  Enter("job", Phase::kPreparing);
  Enter("job", Phase::kStaging);
  backend_.tasks[Id("job")].status.versions = {"scikit-learn 1.9.1"};
  Enter("job", Phase::kRunning);
  EXPECT_EQ(*Describe("job").secondary_status, "Training");
  for (const char* line : {"hello", "epoch 1 loss=0.5", "epoch 2 loss=0.25"}) backend_.Say(Id("job"), line);
  Changed("job");
  EXPECT_EQ(LogText("job"), "hello|epoch 1 loss=0.5|epoch 2 loss=0.25|") << "lines come while it runs";
  backend_.Say(Id("job"), "bye");
  Enter("job", Phase::kUploading);
  End("job", Outcome::kSucceeded);

  auto job = Describe("job");
  EXPECT_EQ(*job.training_job_status, "Completed");
  EXPECT_EQ(Steps("job"), "Starting PreparingTrainingStack Downloading Training Uploading Completed");
  EXPECT_EQ(*job.model_artifacts->s3_model_artifacts, "s3://bucket/out/job/output/model.tar.gz");
  EXPECT_FALSE(job.failure_reason.has_value());
  EXPECT_EQ(*job.training_time_in_seconds, 5);
  EXPECT_EQ(*job.billable_time_in_seconds, 5);
  ASSERT_EQ(job.final_metric_data_list->size(), 1u);
  EXPECT_EQ(*(*job.final_metric_data_list)[0].value, 0.25f);
  EXPECT_NE((*job.secondary_status_transitions)[3].status_message->find("scikit-learn 1.9.1"), std::string::npos);
  EXPECT_EQ(LogText("job"), "hello|epoch 1 loss=0.5|epoch 2 loss=0.25|bye|");
  EXPECT_TRUE(IsClean("job"));

  auto data = metrics_->Data(scope_, {{.metric = {kMetricNamespace, "loss", {{"TrainingJobName", "job"}}},
                                       .start = job.creation_time.value(),
                                       .end = clock_.Now() + seconds(60)},
                                      "SampleCount"});
  ASSERT_TRUE(data.ok());
  ASSERT_EQ(data->values.size(), 1u);
  EXPECT_EQ(data->values[0], 2);
}

// What the machine did for the job becomes series under SageMaker's names; a server that comes back counts nothing
// twice.
TEST_F(LifeTest, WhatItUsesIsMeasured) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  auto& samples = backend_.tasks.at(Id("job")).samples;
  samples.push_back({.at = clock_.Now(), .cpu_percent = 150, .memory_percent = 40, .disk_percent = 3});
  Changed("job");
  Restart();
  samples.push_back({.at = clock_.Now(), .cpu_percent = 50, .received_bytes = 7});
  Run();
  End("job", Outcome::kSucceeded);
  auto count = [&](const std::string& name, const std::string& statistic) {
    auto data = metrics_->Data(scope_, {{.metric = {kMetricNamespace, name, {{"Host", "job/algo-1"}}},
                                         .start = clock_.Now() - minutes(10),
                                         .end = clock_.Now() + minutes(1),
                                         .period = seconds(3600)},
                                        statistic});
    double sum = 0;
    if (data.ok())
      for (double value : data->values) sum += value;
    return sum;
  };
  EXPECT_EQ(count("CPUUtilization", "SampleCount"), 2);
  EXPECT_EQ(count("CPUUtilization", "Sum"), 200);
  EXPECT_EQ(count("MemoryUtilization", "SampleCount"), 1) << "what is not known is no point";
  EXPECT_EQ(count("DiskUtilization", "Maximum"), 3);
  EXPECT_EQ(count("NetworkReceived", "Sum"), 7);
  EXPECT_EQ(count("GPUUtilization", "SampleCount"), 0);
}

// User code that fails: the reason is the failure file's text and the exit code, and nothing is left behind.
TEST_F(LifeTest, Fails) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  End("job", Outcome::kFailed, 2, "ValueError: no");
  auto job = Describe("job");
  EXPECT_EQ(*job.training_job_status, "Failed");
  EXPECT_EQ(*job.failure_reason, "AlgorithmError: ValueError: no, exit code: 2");
  EXPECT_FALSE(job.model_artifacts.has_value());
  EXPECT_GT(*job.training_time_in_seconds, 0);
  EXPECT_TRUE(IsClean("job"));
}

// Stopping: the wish shows at once, reaches the task once, and what the task does meanwhile does not show.
TEST_F(LifeTest, Stops) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "job").ok());
  EXPECT_EQ(*Describe("job").training_job_status, "Stopping");
  Run();
  EXPECT_TRUE(backend_.tasks[Id("job")].stop_asked);
  EXPECT_TRUE(service_->StopTrainingJob(scope_, "job").ok()) << "asking again is fine while it stops";
  Enter("job", Phase::kUploading);
  EXPECT_EQ(*Describe("job").secondary_status, "Stopping");
  End("job", Outcome::kStopped);
  auto job = Describe("job");
  EXPECT_EQ(*job.training_job_status, "Stopped");
  EXPECT_EQ(Steps("job"), "Starting Training Stopping Stopped");
  EXPECT_TRUE(job.model_artifacts.has_value());
  EXPECT_EQ(backend_.stops, 1);
  EXPECT_TRUE(IsClean("job"));
  Status again = service_->StopTrainingJob(scope_, "job");
  EXPECT_EQ(again.error().reason, kJobEnded);
  EXPECT_EQ(again.error().message, jobs::messages::AlreadyEnded("training job", "Stopped"));
}

// Stopping a job whose task was never started ends it without one.
TEST_F(LifeTest, StopsBeforeTheStart) {
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "job").ok());
  Run();
  EXPECT_EQ(Steps("job"), "Starting Stopping Stopped");
  EXPECT_EQ(backend_.starts, 0);
  EXPECT_FALSE(Describe("job").model_artifacts.has_value());
  EXPECT_GT(*Describe("job").training_time_in_seconds, 0) << "the SDK divides by it";
  EXPECT_TRUE(IsClean("job"));
}

// A job that ends by itself while the wish to stop is on its way has ended by itself.
TEST_F(LifeTest, StopComesTooLate) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  backend_.End(Id("job"), Outcome::kSucceeded);
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "job").ok());
  Changed("job");
  EXPECT_EQ(*Describe("job").training_job_status, "Completed");
  EXPECT_EQ(backend_.stops, 0);
}

// The time limit ends a job as AWS shows it.
TEST_F(LifeTest, MaxRuntime) {
  StartJob(GoodRequest("job"));
  EXPECT_EQ(backend_.tasks[Id("job")].spec.max_runtime, seconds(3600));
  Enter("job", Phase::kRunning);
  End("job", Outcome::kMaxRuntime);
  EXPECT_EQ(*Describe("job").training_job_status, "Stopped");
  EXPECT_EQ(*Describe("job").secondary_status, "MaxRuntimeExceeded");
}

// Waiting for room is a step with its reason; waiting for the agent is not.
TEST_F(LifeTest, PendingShowsItsReason) {
  StartJob(GoodRequest("job"));
  EXPECT_EQ(Steps("job"), "Starting");
  Enter("job", Phase::kPending, "needs 8.0 GiB of memory, 3.2 GiB are free");
  EXPECT_EQ(Steps("job"), "Starting Pending");
  EXPECT_EQ(*(*Describe("job").secondary_status_transitions)[1].status_message,
            "needs 8.0 GiB of memory, 3.2 GiB are free");
}

// The machine shrank between two starts of the server.
TEST_F(LifeTest, StartRefused) {
  backend_.refuse_start = Fail(compute::kResourceLimitExceeded, "needs 8 GiB, this machine has 4");
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  Run();
  EXPECT_EQ(*Describe("job").failure_reason, "CapacityError: needs 8 GiB, this machine has 4");
  EXPECT_TRUE(IsClean("job"));
}

// A long log is copied in many steps, whole, and a job does not end before its last line is stored.
TEST_F(LifeTest, LongLogs) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  std::string line(8000, 'x');
  for (int i = 0; i < 2000; ++i) backend_.Say(Id("job"), line);
  End("job", Outcome::kSucceeded);
  RunFor(seconds(1));
  EXPECT_EQ(*Describe("job").training_job_status, "Completed");
  auto stream = logs_->DescribeStreams(scope_, kLogGroup, {.prefix = "job/"});
  ASSERT_EQ(stream->streams.size(), 1u);
  EXPECT_EQ(stream->streams[0].stored_bytes, 2000u * 8000u);
}

// A server that is gone for good: another takes its jobs over, starts what was not started, and fails what was lost.
}  // namespace
}  // namespace aloft::training
