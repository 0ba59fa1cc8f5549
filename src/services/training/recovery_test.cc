// What goes wrong around a job: servers that die, tasks that vanish, backends that are away.
#include "services/training/errors.h"
#include "services/training/service.h"
#include "services/training/testing_service.h"

namespace aloft::training {
namespace {

using compute::Outcome;
using compute::Phase;
using std::chrono::seconds;

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
