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

CreateRequest TwoHosts(const std::string& name) {
  CreateRequest request = GoodRequest(name);
  request.resource_config->instance_count = 2;
  return request;
}

// Hosts are lost together: what one host's end leaves is ended, the reason names the host, and a retry starts them all.
TEST_F(LifeTest, HostsFailTogether) {
  StartJob(TwoHosts("job"));
  std::string second = Id("job") + ".2";
  for (const std::string& id : {Id("job"), second}) backend_.Enter(id, Phase::kRunning);
  Changed("job");
  backend_.Say(second, "from the second");
  backend_.End(second, Outcome::kFailed, 3, "no luck");
  Changed("job");
  EXPECT_EQ(backend_.tasks[Id("job")].stop_mode, compute::StopMode::kDiscard);
  EXPECT_EQ(*Describe("job").training_job_status, "InProgress") << "the first has not ended yet";
  End("job", Outcome::kStopped);
  EXPECT_EQ(*Describe("job").failure_reason, "AlgorithmError: algo-2: no luck, exit code: 3");
  EXPECT_EQ(LogText("job"), "from the second|");
  EXPECT_TRUE(IsClean("job"));
  EXPECT_TRUE(backend_.tasks.empty());

  CreateRequest request = TwoHosts("again");
  request.retry_strategy.emplace().maximum_retry_attempts = 1;
  StartJob(request);
  Enter("again", Phase::kRunning);
  backend_.tasks.erase(Id("again") + ".2");
  Changed("again");
  EXPECT_TRUE(backend_.tasks.contains(Id("again", 2)));
  EXPECT_TRUE(backend_.tasks.contains(Id("again", 2) + ".2"));
  EXPECT_EQ(backend_.tasks.size(), 2u);
}

CreateRequest SpotJob(const std::string& name) {
  CreateRequest request = GoodRequest(name);
  request.enable_managed_spot_training = true;
  request.stopping_condition->max_wait_time_in_seconds = 7200;
  request.checkpoint_config.emplace().s3_uri = "s3://bucket/checkpoints";
  return request;
}

// An interruption ends the attempt politely and begins another; what it waited is not billed, a restart changes
// nothing.
TEST_F(LifeTest, Interruptions) {
  StartJob(SpotJob("job"));
  EXPECT_EQ(service_->InterruptTrainingJob(scope_, "job", seconds(60)).error().reason, kBadJob) << "it has no machine";
  Enter("job", Phase::kRunning);
  clock_.Advance(seconds(99));
  ASSERT_TRUE(service_->InterruptTrainingJob(scope_, "job", seconds(60)).ok());
  Restart();
  Run();
  EXPECT_EQ(backend_.tasks[Id("job")].stop_mode, compute::StopMode::kInterrupt);
  End("job", Outcome::kStopped);
  EXPECT_EQ(Steps("job"), "Starting Training Interrupted Pending");
  EXPECT_TRUE(backend_.tasks.empty());
  Restart();
  RunFor(seconds(58));
  EXPECT_TRUE(backend_.tasks.empty()) << "not before the pause is over";
  RunFor(seconds(4));
  ASSERT_TRUE(backend_.tasks.contains(Id("job", 2)));
  backend_.Enter(Id("job", 2), Phase::kRunning);
  Changed("job");
  clock_.Advance(seconds(49));
  backend_.End(Id("job", 2), Outcome::kSucceeded);
  Changed("job");
  auto job = Describe("job");
  EXPECT_EQ(*job.training_job_status, "Completed");
  EXPECT_EQ(Steps("job"), "Starting Training Interrupted Pending Training Completed");
  EXPECT_NEAR(*job.billable_time_in_seconds, 150, 3);
  EXPECT_GT(*job.training_time_in_seconds, 205);

  StartJob(GoodRequest("firm"));
  Enter("firm", Phase::kRunning);
  EXPECT_EQ(service_->InterruptTrainingJob(scope_, "firm", seconds(0)).error().reason, kBadJob) << "it is not spot";
}

// By day the machine is somebody else's: spot jobs leave it in the morning, do not begin, and go on at night; others
// run.
TEST_F(LifeTest, SpotHours) {
  EXPECT_FALSE(SpotHours::Parse("8-18").ok() || SpotHours::Parse("08:00-24:00").ok() ||
               SpotHours::Parse("08:00-08:00").ok());
  options_.plan.spot_hours = *SpotHours::Parse("18:00-08:00");
  Restart();
  CreateRequest request = SpotJob("night");  // it is 22:13
  request.stopping_condition->max_wait_time_in_seconds = 3 * 86'400;
  StartJob(request);
  Enter("night", Phase::kRunning);
  RunFor(seconds(5));
  EXPECT_FALSE(backend_.tasks[Id("night")].stop_asked);
  clock_.Advance(std::chrono::hours(9) + std::chrono::minutes(50));
  Run();
  EXPECT_EQ(backend_.tasks[Id("night")].stop_mode, compute::StopMode::kInterrupt);
  End("night", Outcome::kStopped);
  request.training_job_name = "late";
  ASSERT_TRUE(Create(request).ok());
  CreateRequest firm = GoodRequest("firm");
  StartJob(firm);
  RunFor(seconds(5));
  EXPECT_EQ(backend_.tasks.size(), 1u) << "only what is not spot";
  EXPECT_EQ(Describe("late").secondary_status_transitions->back().status_message,
            "Waits for the hours of managed spot jobs, which begin at 2023-11-15T18:00:00Z");
  EXPECT_EQ(Steps("night"), "Starting Training Interrupted Pending");
  Restart();
  clock_.Advance(std::chrono::hours(9) + std::chrono::minutes(57));
  RunFor(seconds(10));
  EXPECT_TRUE(backend_.tasks.contains(Id("night", 2)) && backend_.tasks.contains(Id("late")));
}

// A job that waits longer than it may is stopped, with the status that says so.
TEST_F(LifeTest, WaitsOnlySoLong) {
  CreateRequest pending = GoodRequest("pending");
  pending.stopping_condition->max_pending_time_in_seconds = 7200;
  StartJob(pending);
  StartJob(SpotJob("spot"));
  Enter("spot", Phase::kRunning);
  clock_.Advance(seconds(7200));
  for (const char* name : {"pending", "spot"}) {
    Changed(name);
    EXPECT_TRUE(backend_.tasks[Id(name)].stop_asked) << name;
    End(name, Outcome::kStopped);
  }
  EXPECT_EQ(*Describe("pending").secondary_status, "Stopped");
  EXPECT_EQ(*Describe("spot").secondary_status, "MaxWaitTimeExceeded");
  EXPECT_EQ(*Describe("spot").training_job_status, "Stopped");
}

// Only what has ended is deleted; then nobody sees it, and its name is taken for ever.
TEST_F(LifeTest, Deletes) {
  StartJob(GoodRequest("job"));
  EXPECT_EQ(service_->DeleteTrainingJob(scope_, "job").error().reason, kJobLives);
  Enter("job", Phase::kRunning);
  End("job", Outcome::kSucceeded);
  ASSERT_TRUE(service_->DeleteTrainingJob(scope_, "job").ok());
  EXPECT_EQ(service_->DescribeTrainingJob(scope_, "job").error().reason, kNoSuchJob);
  EXPECT_TRUE(service_->ListTrainingJobs(scope_, {})->training_job_summaries->empty());
  EXPECT_EQ(Create(GoodRequest("job")).error().reason, kJobExists);
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
  jobs::PuppetBackend other(clock_);
  backend_in_use_ = &other;
  options_.engine.holder = "other";
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
  jobs::PuppetBackend other(clock_);
  backend_in_use_ = &other;
  options_.engine.holder = "other";
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

// The wall clock is set forward and back while jobs wait, run and stop: none ends for it, each ends when its task does,
// and what is said of their times makes sense.
TEST_F(LifeTest, ClockJumps) {
  const std::map<std::string, std::chrono::hours> jumps{
      {"forward", std::chrono::hours(48)}, {"back", std::chrono::hours(-48)}, {"far", std::chrono::hours(-20'000)}};
  for (const auto& [name, jump] : jumps) {
    SCOPED_TRACE(name);
    StartJob(GoodRequest(name));
    clock_.Jump(jump);
    RunFor(seconds(3));
    EXPECT_EQ(*Describe(name).training_job_status, "InProgress");
    Enter(name, Phase::kRunning);
    clock_.Jump(jump);
    RunFor(seconds(12));
    EXPECT_EQ(*Describe(name).secondary_status, "Training");
    Restart();
    RunFor(seconds(3));
    backend_.Say(Id(name), "last words");
    clock_.Jump(-2 * jump);
    End(name, Outcome::kSucceeded);
    RunFor(seconds(3));
    auto job = Describe(name);
    EXPECT_EQ(*job.training_job_status, "Completed");
    EXPECT_GE(*job.training_time_in_seconds, 1);
    EXPECT_GE(*job.billable_time_in_seconds, 1);
    EXPECT_LE(*job.billable_time_in_seconds, *job.training_time_in_seconds);
    EXPECT_TRUE(IsClean(name));
    EXPECT_EQ(LogText(name), "last words|");
  }
}

// The same while a job stops.
TEST_F(LifeTest, ClockJumpsWhileStopping) {
  StartJob(GoodRequest("job"));
  Enter("job", Phase::kRunning);
  ASSERT_TRUE(service_->StopTrainingJob(scope_, "job").ok());
  clock_.Jump(std::chrono::hours(-48));
  RunFor(seconds(3));
  EXPECT_TRUE(backend_.tasks.at(Id("job")).stop_asked);
  EXPECT_EQ(*Describe("job").training_job_status, "Stopping");
  End("job", Outcome::kStopped);
  RunFor(seconds(3));
  EXPECT_EQ(*Describe("job").training_job_status, "Stopped");
  EXPECT_TRUE(IsClean("job"));
}

}  // namespace
}  // namespace aloft::training
