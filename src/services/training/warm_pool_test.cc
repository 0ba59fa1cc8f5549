// Warm pools: what is recorded of the room that jobs keep for others.
#include <gmock/gmock.h>

#include "services/training/errors.h"
#include "services/training/testing_service.h"

namespace aloft::training {
namespace {

using compute::Outcome;
using compute::Phase;
using std::chrono::seconds;

class WarmPoolTest : public LifeTest {
 protected:
  static CreateRequest Warm(const std::string& name, int keep_alive = 600) {
    CreateRequest request = GoodRequest(name);
    request.resource_config->keep_alive_period_in_seconds = keep_alive;
    return request;
  }
  // Starts it, in the room of another's first attempt where one is named, and plays it to its end.
  void Play(const CreateRequest& request, const std::string& room_of = {}, Outcome outcome = Outcome::kSucceeded) {
    const std::string name = *request.training_job_name;
    StartJob(request);
    if (!room_of.empty()) backend_.tasks.at(Id(name)).status.room_of = Id(room_of);
    Enter(name, Phase::kRunning);
    End(name, outcome, outcome == Outcome::kFailed ? 1 : 0);
  }
  std::string PoolOf(const std::string& name) {
    auto job = Describe(name);
    return job.warm_pool_status ? *job.warm_pool_status->status : "";
  }
  Status Update(const std::string& name, int keep_alive) {
    shapes::sagemaker::UpdateTrainingJobRequest request;
    request.training_job_name = name;
    request.resource_config.emplace().keep_alive_period_in_seconds = keep_alive;
    auto updated = service_->UpdateTrainingJob(scope_, request);
    return updated.ok() ? Status() : Status(updated.error());
  }
  std::vector<std::string> Listed(const std::string& status) {
    shapes::sagemaker::ListTrainingJobsRequest request;
    request.warm_pool_status_equals = status;
    auto page = service_->ListTrainingJobs(scope_, request);
    EXPECT_TRUE(page.ok());
    std::vector<std::string> names;
    for (const auto& one : *page->training_job_summaries) {
      names.push_back(*one.training_job_name);
      EXPECT_EQ(*one.warm_pool_status->status, status);
    }
    return names;
  }
};

// The whole life of a pool: in use, available with its time, over; the task that keeps the room lives as long.
TEST_F(WarmPoolTest, LivesItsTime) {
  StartJob(Warm("job"));
  EXPECT_EQ(backend_.tasks.at(Id("job")).spec.keep_room, seconds(600));
  EXPECT_EQ(PoolOf("job"), "InUse");
  Enter("job", Phase::kRunning);
  End("job", Outcome::kSucceeded);
  EXPECT_EQ(*Describe("job").training_job_status, "Completed");
  EXPECT_EQ(PoolOf("job"), "Available");
  EXPECT_THAT(Listed("Available"), testing::ElementsAre("job"));
  EXPECT_TRUE(backend_.tasks.contains(Id("job")));
  EXPECT_EQ(service_->DeleteTrainingJob(scope_, "job").error().reason, jobs::kJobLives);
  RunFor(seconds(60));
  Restart();
  RunFor(seconds(1));
  EXPECT_EQ(PoolOf("job"), "Available") << "a server that dies forgets no pool";
  clock_.Advance(seconds(600));
  RunFor(seconds(12));
  EXPECT_EQ(PoolOf("job"), "Terminated");
  EXPECT_EQ(*Describe("job").warm_pool_status->resource_retained_billable_time_in_seconds, 600);
  EXPECT_TRUE(IsClean("job"));
  EXPECT_TRUE(service_->DeleteTrainingJob(scope_, "job").ok());
}

// A job that starts in the room is named, and keeps it in turn; what follows is the same over all of them for 28 days
// at most.
TEST_F(WarmPoolTest, GoesFromJobToJob) {
  Play(Warm("first"));
  const Time began = *Describe("first").training_end_time;
  Play(Warm("second", 3600), "first");
  EXPECT_EQ(PoolOf("first"), "Reused");
  EXPECT_EQ(*Describe("first").warm_pool_status->reused_by_job, "second");
  EXPECT_TRUE(IsClean("first"));
  EXPECT_EQ(PoolOf("second"), "Available");
  auto job = database_->Read([&](sql::Reader& reader) { return jobs::LoadJob(reader, Names(), scope_, "second"); });
  EXPECT_EQ(job->state.pool.first, began);
  // One that keeps nothing ends the chain.
  Play(GoodRequest("third"), "second");
  EXPECT_EQ(PoolOf("second"), "Reused");
  EXPECT_EQ(PoolOf("third"), "");
  EXPECT_TRUE(IsClean("third"));
}

// Compute may give the room away before the first job's end is recorded.
TEST_F(WarmPoolTest, ReusedBeforeTheEndIsRecorded) {
  StartJob(Warm("first"));
  Enter("first", Phase::kRunning);
  StartJob(GoodRequest("second"));
  backend_.tasks.at(Id("second")).status.room_of = Id("first");
  Enter("second", Phase::kRunning);
  EXPECT_EQ(PoolOf("first"), "Reused");
  End("first", Outcome::kSucceeded);
  EXPECT_EQ(*Describe("first").warm_pool_status->reused_by_job, "second");
  EXPECT_EQ(*Describe("first").warm_pool_status->resource_retained_billable_time_in_seconds, 0);
  EXPECT_TRUE(IsClean("first"));
}

// An algorithm's failure leaves a good machine; what the machine failed, and what never ran, keep nothing.
TEST_F(WarmPoolTest, WhichEndsKeepARoom) {
  Play(Warm("failed"), {}, Outcome::kFailed);
  EXPECT_EQ(PoolOf("failed"), "Available");
  Play(Warm("stopped"), {}, Outcome::kStopped);
  EXPECT_EQ(PoolOf("stopped"), "Available");
  Play(Warm("lost"), {}, Outcome::kLost);
  EXPECT_EQ(PoolOf("lost"), "Terminated");
  EXPECT_TRUE(IsClean("lost"));
  StartJob(Warm("waiting"));
  End("waiting", Outcome::kStopped);
  EXPECT_EQ(PoolOf("waiting"), "Terminated");
}

// The time can be changed while the job runs and afterwards; 0 ends the pool now.
TEST_F(WarmPoolTest, UpdatesKeepAlive) {
  StartJob(Warm("job"));
  ASSERT_TRUE(Update("job", 1200).ok());
  Enter("job", Phase::kRunning);
  End("job", Outcome::kSucceeded);
  EXPECT_EQ(*Describe("job").resource_config->keep_alive_period_in_seconds, 1200);
  clock_.Advance(seconds(1000));
  RunFor(seconds(1));
  EXPECT_EQ(PoolOf("job"), "Available");
  ASSERT_TRUE(Update("job", 0).ok());
  Run();
  EXPECT_EQ(PoolOf("job"), "Terminated");
  EXPECT_TRUE(IsClean("job"));
  EXPECT_EQ(Update("job", 60).error().reason, kBadJob);
}

// Room that is gone with its machine is not promised any more.
TEST_F(WarmPoolTest, EndsWithItsTasks) {
  Play(Warm("job"));
  backend_.tasks.clear();
  Restart();
  RunFor(seconds(1));
  EXPECT_EQ(PoolOf("job"), "Terminated");
}

// Who matches whom: SageMaker's rules, of what we have.
TEST_F(WarmPoolTest, Matching) {
  int count = 0;
  auto pool = [&](auto change) {
    CreateRequest request = GoodRequest("job-" + std::to_string(++count));
    change(request);
    StartJob(request);
    return backend_.tasks.at(Id(*request.training_job_name)).spec.pool;
  };
  const std::string same = pool([](CreateRequest&) {});
  EXPECT_EQ(pool([](CreateRequest& r) {
              r.hyper_parameters->insert({"more", "1"});
              r.resource_config->keep_alive_period_in_seconds = 60;
              r.stopping_condition->max_runtime_in_seconds = 60;
            }),
            same);
  EXPECT_NE(pool([](CreateRequest& r) { r.role_arn = "arn:aws:iam::123456789012:role/other"; }), same);
  EXPECT_NE(pool([](CreateRequest& r) { r.resource_config->instance_type = "ml.m5.xlarge"; }), same);
  EXPECT_NE(pool([](CreateRequest& r) { r.resource_config->volume_size_in_gb = 11; }), same);
  EXPECT_NE(pool([](CreateRequest& r) { r.enable_network_isolation = true; }), same);
  EXPECT_NE(pool([](CreateRequest& r) { r.enable_inter_container_traffic_encryption = true; }), same);
  EXPECT_EQ(pool([](CreateRequest& r) {
              r.enable_managed_spot_training = true;
              r.stopping_condition->max_wait_time_in_seconds = 7200;
            }),
            "");
}

// What SageMaker refuses, and what cannot be kept.
TEST_F(WarmPoolTest, Refusals) {
  CreateRequest spot = Warm("spot");
  spot.enable_managed_spot_training = true;
  spot.stopping_condition->max_wait_time_in_seconds = 7200;
  EXPECT_EQ(Create(spot).error().reason, kBadJob);
  options_.warm_pools = false;
  Restart();
  Status refused = Create(Warm("slurm"));
  EXPECT_EQ(refused.error().reason, kNotBuilt);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("KeepAlivePeriodInSeconds over Slurm"));
}

}  // namespace
}  // namespace aloft::training
