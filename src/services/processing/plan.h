// A job -> the tasks that do it: the contract of SageMaker processing containers
// (https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html).
#pragma once

#include <chrono>

#include "platform/compute/runtimes.h"
#include "platform/compute/task.h"
#include "services/processing/types.h"

namespace aloft::processing {

struct PlanOptions {
  std::chrono::seconds stop_grace{120};
  compute::Network network = compute::Network::kInternet;  // of jobs that do not ask for isolation
};

// One for each host.
Result<std::vector<compute::TaskSpec>> PlanTasks(const Job& job, const compute::Runtime& runtime,
                                                 const PlanOptions& options);

// /opt/ml/config/processingjobconfig.json, for tests.
std::string JobConfigFile(const Job& job);

}  // namespace aloft::processing
