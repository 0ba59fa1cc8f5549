// The services, and the machine that runs their tasks.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/wiring/platform.h"
#include "app/wiring/stores.h"
#include "app/wiring/variant_capacity.h"
#include "foundation/http/server.h"
#include "platform/alarms/service.h"
#include "platform/compute/backend.h"
#include "platform/compute/credentials.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/scheduler.h"
#include "services/async_inference/service.h"
#include "services/jobs/quotas.h"
#include "services/models/service.h"
#include "services/objects/service.h"
#include "services/processing/service.h"
#include "services/scaling/service.h"
#include "services/serving/service.h"
#include "services/staging/probe.h"
#include "services/trails/service.h"
#include "services/training/service.h"
#include "services/transform/service.h"

namespace aloft::http {
class Client;
}
namespace aloft::serving {
class WorkerClient;
}

namespace aloft::app {

class Services {
 public:
  // `api_url` and `ca_file` are how tasks reach this server. `io_threads` serve callers and model workers alike: an
  // invocation changes threads less often.
  static Result<std::unique_ptr<Services>> Open(World& world, Stores& stores, Platform& platform,
                                                const std::string& api_url, const std::string& ca_file,
                                                std::shared_ptr<http::IoThreads> io_threads);
  ~Services();

  // Takes up the jobs and endpoints that were left, and new ones from here on.
  Status Start();
  // The tasks go on without the server.
  void Stop();

  objects::Service& objects() { return *objects_; }
  trails::Service& trails() { return *trails_; }
  training::Service& training() { return *training_; }
  compute::Backend& backend() { return *backend_; }
  jobs::QuotaStore& quotas() { return quotas_; }
  processing::Service& processing() { return *processing_; }
  models::Service& models() { return *models_; }
  serving::Service& serving() { return *serving_; }
  transform::Service& transform() { return *transform_; }
  alarms::Service& alarms() { return *alarms_; }
  scaling::Service& scaling() { return *scaling_; }
  async_inference::Service& async_inference() { return *async_inference_; }

 private:
  class TaskListeners;

  Services(World& world, Stores& stores, Platform& platform);
  Status OpenCompute(const std::string& api_url, const std::string& ca_file);
  // For an agent: bound to its key.
  Result<compute::BoundCredentials> IssueBound(const compute::TaskId& task, const std::string& role,
                                               const compute::AgentKey& agent) const;
  void MakeJobWorld();
  void MakeTraining();
  void MakeProcessing();
  void MakeServing();
  void MakeAlarms();
  void MakeScaling();
  void MakeAsyncInference();

  World& world_;
  Stores& stores_;
  Platform& platform_;
  std::unique_ptr<TaskListeners> listeners_;
  std::optional<compute::RuntimeTable> runtimes_;
  compute::Capacity capacity_;
  std::shared_ptr<compute::QuotaBoard> quota_board_ = std::make_shared<compute::QuotaBoard>();
  jobs::QuotaStore quotas_;
  // Of jobs: Slurm's, or the one of everything.
  compute::Backend& jobs_backend() { return slurm_backend_ ? *slurm_backend_ : *backend_; }
  compute::Capacity jobs_capacity() const;

  std::unique_ptr<compute::Backend> backend_, slurm_backend_;
  std::unique_ptr<objects::Service> objects_;
  std::unique_ptr<trails::Service> trails_;
  std::unique_ptr<staging::InputProbe> probe_;
  jobs::World job_world_;
  std::unique_ptr<alarms::Service> alarms_;
  std::unique_ptr<training::Service> training_;
  std::unique_ptr<processing::Service> processing_;
  std::unique_ptr<models::Service> models_;
  std::unique_ptr<http::Client> worker_http_;
  std::unique_ptr<serving::WorkerClient> workers_;
  std::unique_ptr<serving::Service> serving_;
  std::unique_ptr<transform::Service> transform_;
  std::unique_ptr<VariantCapacity> variants_;
  std::unique_ptr<ComponentCapacity> components_;
  std::unique_ptr<scaling::Service> scaling_;
  std::unique_ptr<async_inference::Service> async_inference_;
};

}  // namespace aloft::app
