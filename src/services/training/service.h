// Training jobs: the only door of the room.
//
//   training::Service training({...}, options);
//   training.Start();
//   training.CreateTrainingJob(session, region, request);
//   backend options: on_change = [&](const TaskId& id) { training.OnTaskChanged(id); }
//
// Thread-safe. The operations are local: they read and write the database on the calling thread. Everything that takes
// time is done by the room's loop: it starts tasks, copies their logs, scrapes metrics, records each move of the status
// machine, and removes tasks. A process may die at any moment; the next one finds every job as it is and goes on.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/training.h"
#include "platform/compute/backend.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/scheduler.h"
#include "platform/identity/session.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/training/plan.h"
#include "services/training/types.h"

namespace aloft::shapes::sagemaker {
struct SearchRequest;
struct SearchResponse;
}  // namespace aloft::shapes::sagemaker

namespace aloft::training {

// What training asks of others; each reference and function outlives the service.
struct Dependencies {
  sql::Database& database;
  compute::Backend& backend;
  telemetry::LogStore& logs;
  telemetry::MetricStore& metrics;
  const Clock& clock;
  Random& random;
  Log log;
  // The image's runtime: compute::RuntimeTable::Resolve.
  std::function<Result<compute::Runtime>(std::string_view image)> resolve;
  // That the caller's account has the role and SageMaker may assume it: identity::Service::CheckPassable.
  std::function<Status(const identity::Session&, const std::string& role_arn)> check_role;
  // That there is something under the prefix and the role may read it: staging::InputProbe::CheckPrefix.
  std::function<Status(const AccountId&, const std::string& role_arn, const std::string& s3_uri)> check_input;
};

struct Options {
  PlanOptions plan{};
  compute::Capacity capacity{};  // what can never fit is refused at once
  // Which server we are: the same over restarts, another one for each server that shares a database. A job belongs to
  // the server that took it, because its task runs there.
  std::string holder = "server";
  // A server that has not been heard of for this long is gone; another takes its jobs over.
  std::chrono::microseconds lease = std::chrono::minutes(5);
  // How often to look for what other servers wished of our jobs; a second at most on a shared database.
  std::chrono::microseconds rescan = std::chrono::seconds(10);
  int threads = 2;
};

class Service {
 public:
  Service(Dependencies dependencies, Options options);
  ~Service();  // stops

  Result<shapes::sagemaker::CreateTrainingJobResponse> CreateTrainingJob(
      const identity::Session& session, const Region& region,
      const shapes::sagemaker::CreateTrainingJobRequest& request);
  Result<shapes::sagemaker::DescribeTrainingJobResponse> DescribeTrainingJob(const Scope& scope,
                                                                             const std::string& name);
  Result<shapes::sagemaker::ListTrainingJobsResponse> ListTrainingJobs(
      const Scope& scope, const shapes::sagemaker::ListTrainingJobsRequest& request);
  Status StopTrainingJob(const Scope& scope, const std::string& name);
  Result<shapes::sagemaker::UpdateTrainingJobResponse> UpdateTrainingJob(
      const Scope& scope, const shapes::sagemaker::UpdateTrainingJobRequest& request);
  // Of resource TrainingJob.
  Result<shapes::sagemaker::SearchResponse> Search(const Scope& scope, const shapes::sagemaker::SearchRequest& request);
  // Whether there is such a job; kNoSuchJob.
  Status Exists(const Scope& scope, const std::string& name);

  void Start();  // takes up what an earlier process left
  void Stop();
  // For compute's on_change; other services' tasks are ignored.
  void OnTaskChanged(const compute::TaskId& id);

  // For tests, instead of Start: does what is due on this thread; returns how many steps. Call Resume() first.
  std::size_t RunDue(std::size_t most = 1000) { return loop_.RunDue(most); }
  // Makes the loop look for its lease and its jobs now.
  void Resume();

 private:
  struct Live;  // what the loop keeps in memory about one job

  Result<work::Again> Step(const std::string& key);
  Result<work::Again> StepLease();
  Status TakeOver();
  Status RemoveStrayTasks();
  Result<work::Again> StepJob(const JobKey& key);
  Result<work::Again> Act(Job& job, Live& live, bool& again);
  Result<bool> CopyLog(Job& job, Live& live);
  Status ScrapeMetrics(Job& job, Live& live, const std::vector<compute::LogLine>& lines);
  Status StartTask(Job& job);
  Status Advance(Job& job, const compute::TaskStatus& task);
  Status Finish(Job& job, const compute::TaskStatus& task);
  Status End(Job& job, Secondary status, std::string reason, std::string message);
  Status Retry(Job& job);
  Status Save(Job& job);
  std::shared_ptr<Live> LiveOf(const Job& job);
  void Forget(const Job& job);
  std::optional<work::Lease> HeldLease();

  const Dependencies d_;
  const Options options_;
  work::Leases leases_;
  std::mutex mutex_;
  std::optional<work::Lease> lease_;
  std::map<std::string, std::shared_ptr<Live>> live_;  // by task id
  work::Loop loop_;
};

}  // namespace aloft::training
