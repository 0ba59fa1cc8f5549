// A job -> the task that does it: the /opt/ml contract of SageMaker training containers
// (https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html).
#pragma once

#include <chrono>

#include "platform/compute/runtimes.h"
#include "platform/compute/task.h"
#include "services/training/spot_hours.h"
#include "services/training/types.h"

namespace aloft::training {

struct PlanOptions {
  std::chrono::seconds stop_grace{120};
  compute::Network network = compute::Network::kInternet;  // of jobs that do not ask for isolation
  SpotHours spot_hours{};
};

// One for each host. kBadJob where the instance type is not known any more.
Result<std::vector<compute::TaskSpec>> PlanTasks(const Job& job, const compute::Runtime& runtime,
                                                 const PlanOptions& options);

// Where the model will lie: ".../output/model.tar.gz", or ".../output/model/" for unpacked outputs.
std::string ArtifactsUri(const Job& job);

// The files of /opt/ml/input/config, for tests.
std::string HyperParametersFile(const Job& job);
std::string InputDataConfigFile(const Job& job);

}  // namespace aloft::training
