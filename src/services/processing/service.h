// Processing jobs: the only door of the room.
//
//   processing::Service processing({...}, options);
//   processing.Start();
//   processing.CreateProcessingJob(session, region, request);
//   backend options: on_change = [&](const TaskId& id) { processing.OnTaskChanged(id); }
//
// Thread-safe. The operations are local; what takes time is done by the engine's loop (services/jobs). A process may
// die at any moment; the next one finds every job as it is and goes on.
#pragma once

#include <string>

#include "services/jobs/engine.h"
#include "services/processing/kind.h"
#include "services/processing/types.h"

namespace aloft::processing {

// Each reference and function outlives the service.
struct Dependencies {
  jobs::EngineDependencies engine;
  jobs::World world;
};

struct Options {
  PlanOptions plan{};
  compute::Capacity capacity{};  // what can never fit is refused at once
  jobs::EngineOptions engine{};
  bool several_instances = true;  // false: jobs of several are refused, because their hosts could not reach each other
};

class Service {
 public:
  Service(Dependencies dependencies, Options options);

  Result<shapes::sagemaker::CreateProcessingJobResponse> CreateProcessingJob(const identity::Session& session,
                                                                             const Region& region,
                                                                             const CreateRequest& request);
  Result<shapes::sagemaker::DescribeProcessingJobResponse> DescribeProcessingJob(const Scope& scope,
                                                                                 const std::string& name);
  Result<shapes::sagemaker::ListProcessingJobsResponse> ListProcessingJobs(
      const Scope& scope, const shapes::sagemaker::ListProcessingJobsRequest& request);
  Status StopProcessingJob(const Scope& scope, const std::string& name) { return engine_.Stop(scope, name); }
  Status DeleteProcessingJob(const Scope& scope, const std::string& name) { return engine_.Delete(scope, name); }
  // Whether there is such a job; kNoSuchJob.
  Status Exists(const Scope& scope, const std::string& name);

  void Start() { engine_.Start(); }
  void Stop() { engine_.Stop(); }
  void OnTaskChanged(const compute::TaskId& id) { engine_.OnTaskChanged(id); }

  // For tests, instead of Start: does what is due on this thread; returns how many steps. Call Resume() first.
  std::size_t RunDue(std::size_t most = 1000) { return engine_.RunDue(most); }
  void Resume() { engine_.Resume(); }

 private:
  Dependencies d_;
  const Options options_;
  const ProcessingKind kind_;
  jobs::Engine engine_;
};

}  // namespace aloft::processing
