// From what workers use of their machine to CloudWatch's series: CPUUtilization (100 is one core), MemoryUtilization,
// DiskUtilization and, with GPUs, GPUUtilization and GPUMemoryUtilization in /aws/sagemaker/Endpoints, per variant.
// docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (SageMaker endpoint metrics)
#pragma once

#include <map>
#include <mutex>

#include "foundation/base/clock.h"
#include "platform/compute/backend.h"
#include "platform/telemetry/metric_store.h"
#include "services/serving/workers/worker_task.h"

namespace aloft::serving {

// Thread-safe.
class UsageCopy {
 public:
  UsageCopy(compute::Backend& backend, telemetry::MetricStore& metrics, const Clock& clock)
      : backend_(backend), metrics_(metrics), clock_(clock) {}

  // Stores the samples that came since the last call; at most every five seconds for each worker. What cannot be stored
  // now is tried again.
  Status Copy(const WorkerName& worker);
  void Forget(const WorkerName& worker);

 private:
  struct Place {
    std::uint64_t offset = 0;
    Time next{};
  };
  compute::Backend& backend_;
  telemetry::MetricStore& metrics_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<compute::TaskId, Place> places_;
};

}  // namespace aloft::serving
