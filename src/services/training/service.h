// Training jobs: the only door of the room.
//
//   training::Service training({...}, options);
//   training.Start();
//   training.CreateTrainingJob(session, region, request);
//   backend options: on_change = [&](const TaskId& id) { training.OnTaskChanged(id); }
//
// Thread-safe. The operations are local: they read and write the database on the calling thread. Everything that takes
// time is done by the engine's loop (services/jobs). A process may die at any moment; the next one finds every job as
// it is and goes on.
#pragma once

#include <string>

#include "platform/telemetry/metric_store.h"
#include "services/jobs/engine.h"
#include "services/training/kind.h"
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
  jobs::World world;
};

struct Options {
  PlanOptions plan{};
  compute::Capacity capacity{};  // what can never fit is refused at once
  jobs::EngineOptions engine{};
  bool warm_pools = true;         // false: refused, because the room is not ours to keep
  bool several_instances = true;  // false: jobs of several are refused, because their hosts could not reach each other
};

class Service {
 public:
  Service(Dependencies dependencies, Options options);

  Result<shapes::sagemaker::CreateTrainingJobResponse> CreateTrainingJob(
      const identity::Session& session, const Region& region,
      const shapes::sagemaker::CreateTrainingJobRequest& request);
  Result<shapes::sagemaker::DescribeTrainingJobResponse> DescribeTrainingJob(const Scope& scope,
                                                                             const std::string& name);
  Result<shapes::sagemaker::ListTrainingJobsResponse> ListTrainingJobs(
      const Scope& scope, const shapes::sagemaker::ListTrainingJobsRequest& request);
  Status StopTrainingJob(const Scope& scope, const std::string& name);
  Status DeleteTrainingJob(const Scope& scope, const std::string& name);
  // The pools that wait for a job, the first to end first; at most 1,000.
  Result<std::vector<KeptRoom>> ListWarmPools(const Scope& scope);
  // By an operator: jobs::Engine::Interrupt.
  Status InterruptTrainingJob(const Scope& scope, const std::string& name, std::chrono::seconds pause);
  Result<shapes::sagemaker::UpdateTrainingJobResponse> UpdateTrainingJob(
      const Scope& scope, const shapes::sagemaker::UpdateTrainingJobRequest& request);
  // Of resource TrainingJob.
  Result<shapes::sagemaker::SearchResponse> Search(const Scope& scope, const shapes::sagemaker::SearchRequest& request);
  // Whether there is such a job; kNoSuchJob.
  Status Exists(const Scope& scope, const std::string& name);

  void Start() { engine_.Start(); }  // takes up what an earlier process left
  void Stop() { engine_.Stop(); }
  void OnTaskUnwanted(const compute::TaskId& id) { engine_.OnTaskUnwanted(id); }
  // For compute's on_change; other services' tasks are ignored.
  void OnTaskChanged(const compute::TaskId& id) { engine_.OnTaskChanged(id); }

  // For tests, instead of Start: does what is due on this thread; returns how many steps. Call Resume() first.
  std::size_t RunDue(std::size_t most = 1000) { return engine_.RunDue(most); }
  // Makes the loop look for its lease and its jobs now.
  void Resume() { engine_.Resume(); }

 private:
  Dependencies d_;
  const Options options_;
  const TrainingKind kind_;
  jobs::Engine engine_;
};

}  // namespace aloft::training
