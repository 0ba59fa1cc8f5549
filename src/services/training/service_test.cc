// The life of jobs: created, carried through every phase, ended in every way, over restarts.
#include "services/training/service.h"

#include "services/training/errors.h"
#include "services/training/messages.h"
#include "services/training/testing_service.h"

namespace aloft::training {
namespace {

using compute::Outcome;
using compute::Phase;
using std::chrono::seconds;

// Carries a job of that name to its running phase.
class LifeTest : public ServiceTest {
 protected:
  void StartJob(const CreateRequest& request) {
    Status created = Create(request);
    ASSERT_TRUE(created.ok()) << aloft::Describe(created.error());
    Run();
    ASSERT_TRUE(backend_.tasks.contains(Id(*request.training_job_name)));
  }
  void Enter(const std::string& name, Phase phase, const std::string& message = {}) {
    backend_.Enter(Id(name), phase, message);
    Changed(name);
  }
  void End(const std::string& name, Outcome outcome, int exit_code = 0, const std::string& failure = {}) {
    backend_.End(Id(name), outcome, exit_code, failure);
    Changed(name);
  }
  void Changed(const std::string& name) {
    service_->OnTaskChanged(compute::TaskId(Id(name)));
    Run();
    clock_.Advance(seconds(1));
  }
};

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

// A server that dies at any moment and comes back finds every job as it is: each end is reached with every line once.
TEST_F(LifeTest, RestartBetweenAnyTwoSteps) {
  CreateRequest request = GoodRequest("job");
  request.algorithm_specification->metric_definitions = {{Metric("loss", "loss=([0-9.]+)")}};
  ASSERT_TRUE(Create(request).ok());
  auto restart = [&] {
    Restart();
    Run();
    clock_.Advance(seconds(1));
  };
  restart();
  ASSERT_TRUE(backend_.tasks.contains(Id("job")));
  EXPECT_EQ(backend_.starts, 1);
  for (Phase phase : {Phase::kPreparing, Phase::kStaging, Phase::kRunning}) {
    backend_.Enter(Id("job"), phase);
    restart();
  }
  std::string expected;
  for (int i = 0; i < 5; ++i) {
    backend_.Say(Id("job"), "loss=0." + std::to_string(i));
    expected += "loss=0." + std::to_string(i) + "|";
    restart();
    EXPECT_EQ(LogText("job"), expected);
  }
  backend_.Enter(Id("job"), Phase::kUploading);
  restart();
  backend_.End(Id("job"), Outcome::kSucceeded);
  restart();
  EXPECT_EQ(Steps("job"), "Starting PreparingTrainingStack Downloading Training Uploading Completed");
  EXPECT_EQ(LogText("job"), expected);
  EXPECT_EQ(*(*Describe("job").final_metric_data_list)[0].value, 0.4f);
  EXPECT_TRUE(IsClean("job"));
  EXPECT_EQ(backend_.starts, 1) << "a running task is adopted, never started again";
}

// The same with the loop cut after each single step: a job needs no step to be the last or the first of a process.
TEST_F(LifeTest, ProcessesOfOneStepEach) {
  ASSERT_TRUE(Create(GoodRequest("job")).ok());
  auto one_step_each = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      MakeService();
      service_->RunDue(2);  // the lease, and one step of the job
    }
  };
  one_step_each(3);
  backend_.Enter(Id("job"), Phase::kRunning);
  backend_.Say(Id("job"), "a");
  one_step_each(3);
  backend_.End(Id("job"), Outcome::kSucceeded);
  one_step_each(4);
  EXPECT_EQ(*Describe("job").training_job_status, "Completed");
  EXPECT_EQ(LogText("job"), "a|");
  EXPECT_TRUE(IsClean("job"));
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
  EXPECT_EQ(again.error().message, messages::AlreadyEnded("Stopped"));
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

// A task that vanished fails its job, or is tried once more where RetryStrategy allows it, with a log of its own.
TEST_F(LifeTest, LostTasks) {
  StartJob(GoodRequest("gone"));
  Enter("gone", Phase::kRunning);
  backend_.tasks.clear();
  Changed("gone");
  EXPECT_TRUE(Describe("gone").failure_reason->starts_with("InternalServerError: "));
  EXPECT_TRUE(IsClean("gone"));

  CreateRequest request = GoodRequest("again");
  request.retry_strategy.emplace().maximum_retry_attempts = 1;
  StartJob(request);
  Enter("again", Phase::kRunning);
  backend_.Say(Id("again"), "first");
  End("again", Outcome::kLost, -1, "the machine restarted");
  ASSERT_TRUE(backend_.tasks.contains(Id("again", 2)));
  EXPECT_FALSE(backend_.tasks.contains(Id("again", 1)));
  backend_.Enter(Id("again", 2), Phase::kRunning);
  backend_.Say(Id("again", 2), "second");
  backend_.End(Id("again", 2), Outcome::kLost, -1, "again");
  RunFor(seconds(3));
  EXPECT_EQ(Steps("again"), "Starting Training Restarting Starting Training Failed");
  EXPECT_EQ(LogText("again"), "first|second|");
  EXPECT_EQ(backend_.tasks.size(), 0u);
}

// A backend that is away for a while delays a job and does not fail it.
TEST_F(LifeTest, BackendComesBack) {
  StartJob(GoodRequest("job"));
  backend_.unavailable = true;
  Enter("job", Phase::kRunning);
  RunFor(seconds(20));
  EXPECT_EQ(*Describe("job").secondary_status, "Starting");
  backend_.unavailable = false;
  RunFor(seconds(40));
  EXPECT_EQ(*Describe("job").secondary_status, "Training");
}

// The backend forgot to tell: the loop looks by itself.
TEST_F(LifeTest, LooksWithoutBeingTold) {
  StartJob(GoodRequest("job"));
  backend_.Enter(Id("job"), Phase::kRunning);
  backend_.End(Id("job"), Outcome::kSucceeded);
  RunFor(seconds(5));
  EXPECT_EQ(*Describe("job").training_job_status, "Completed");
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

// Two servers on one database: each carries out the jobs that it took, and either may be asked to stop them.
TEST_F(LifeTest, EachServerHasItsJobs) {
  StartJob(GoodRequest("job"));
  auto first = std::move(service_);
  PuppetBackend other(clock_);
  backend_in_use_ = &other;
  options_.holder = "other";
  MakeService();
  RunFor(seconds(60));
  EXPECT_EQ(other.starts, 0);
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "job").ok());
  clock_.Advance(seconds(11));
  first->RunDue();
  EXPECT_TRUE(backend_.tasks[Id("job")].stop_asked);
  service_.reset();
}

// A server that is gone for good: another takes its jobs over, starts what was not started, and fails what was lost.
// The first one, if it comes back, changes nothing and cleans up behind itself.
TEST_F(LifeTest, TakesOverFromAServerThatIsGone) {
  StartJob(GoodRequest("running"));
  Enter("running", Phase::kRunning);
  auto first = std::move(service_);
  first->RunDue();
  ASSERT_TRUE(first->CreateTrainingJob(session_, scope_.region, GoodRequest("waiting")).ok());
  PuppetBackend other(clock_);
  backend_in_use_ = &other;
  options_.holder = "other";
  MakeService();
  clock_.Advance(std::chrono::minutes(4));
  Run();
  EXPECT_EQ(other.starts, 0) << "not yet";
  clock_.Advance(std::chrono::minutes(2));
  RunFor(seconds(1));
  EXPECT_TRUE(other.tasks.contains(Id("waiting")));
  EXPECT_EQ(*Describe("running").training_job_status, "Failed");

  backend_.End(Id("running"), Outcome::kSucceeded);
  first->OnTaskChanged(compute::TaskId(Id("running")));
  for (int i = 0; i < 20; ++i) {
    first->RunDue();
    clock_.Advance(seconds(1));
  }
  EXPECT_EQ(*Describe("running").training_job_status, "Failed");
  EXPECT_EQ(backend_.starts, 1);
  EXPECT_TRUE(backend_.tasks.empty());
  service_.reset();
}

// Tasks that belong to no living job go when the server starts.
TEST_F(LifeTest, StrayTasksAreRemoved) {
  StartJob(GoodRequest("job"));
  for (const std::string& id : {Id("job", 7), Id("never-was"), std::string("serving.123456789012.us-east-1.e.1")}) {
    compute::TaskSpec spec;
    spec.id = compute::TaskId(id);
    ASSERT_TRUE(backend_.Start(spec).ok());
  }
  Restart();
  Run();
  EXPECT_EQ(backend_.tasks.size(), 2u) << "the job's own, and what is none of training's business";
  EXPECT_TRUE(backend_.tasks.contains(Id("job")));
}

}  // namespace
}  // namespace aloft::training
