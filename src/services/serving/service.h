// Endpoints: models kept in service by workers that outlive the server. The only door of the room.
//
// Calls on configurations and endpoints read or write the database on the calling thread and return; what they wish is
// done by a loop of the room's own. Invoke completes later and never blocks. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "generated/shapes/sagemaker/endpoint.h"
#include "generated/shapes/sagemaker/endpoint_config.h"
#include "platform/compute/backend.h"
#include "platform/compute/runtimes.h"
#include "platform/identity/session.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"
#include "services/models/service.h"
#include "services/serving/components.h"
#include "services/serving/endpoints/errors.h"
#include "services/serving/explain.h"
#include "services/serving/routing/capture.h"
#include "services/serving/routing/invocation.h"
#include "services/serving/routing/worker_client.h"

namespace aloft::serving {

using models::Scope;

struct Options {
  int max_invocations_per_endpoint = 512;        // waiting or running; more are refused
  std::size_t max_bytes_in_flight = 256u << 20;  // of all request bodies
  std::chrono::seconds model_timeout{60};        // of one prediction
  std::chrono::seconds drain{60};                // that old workers get for what they still answer
  std::chrono::seconds patience{30};             // that a request waits for a worker
  std::chrono::seconds serverless_idle{300};     // without a request: then a serverless variant sleeps
  std::string holder = "server";  // who we are where servers share a database: the same over restarts of one server
};

// Collaborators; all outlive the service.
struct Dependencies {
  sql::Database& database;
  models::Service& models;
  const compute::RuntimeTable& runtimes;
  compute::Backend& backend;
  WorkerClient& workers;
  telemetry::LogStore& logs;
  telemetry::MetricStore& metrics;
  const Clock& clock;
  Random& random;
  StoreAs store_as{};  // for data capture; empty: nothing is captured
  // Whether that alarm of CloudWatch is in state ALARM; an error where there is none. For updates that alarms guard.
  AlarmFires alarm_fires{};
  Metrics* server_metrics = nullptr;  // of /metrics; null: none
};

class Service {
 public:
  Service(Dependencies dependencies, Options options, Log log);
  ~Service();  // Stop()

  // Finds the endpoints that exist, adopts their workers, and keeps at it. Stop leaves the workers running.
  Status Start();
  void Stop();
  // Something of that task changed: wire it to the backend's on_change. Cheap; ids of other services are ignored.
  void OnTaskChange(const compute::TaskId& task);

  Result<shapes::sagemaker::CreateEndpointConfigResponse> CreateEndpointConfig(
      const Scope& scope, const shapes::sagemaker::CreateEndpointConfigRequest& request);
  Result<shapes::sagemaker::DescribeEndpointConfigResponse> DescribeEndpointConfig(const Scope& scope,
                                                                                   const std::string& name) const;
  Result<shapes::sagemaker::ListEndpointConfigsResponse> ListEndpointConfigs(
      const Scope& scope, const shapes::sagemaker::ListEndpointConfigsRequest& request) const;
  Status DeleteEndpointConfig(const Scope& scope, const std::string& name);

  Result<shapes::sagemaker::CreateEndpointResponse> CreateEndpoint(
      const Scope& scope, const shapes::sagemaker::CreateEndpointRequest& request);
  Result<shapes::sagemaker::DescribeEndpointResponse> DescribeEndpoint(const Scope& scope,
                                                                       const std::string& name) const;
  Result<shapes::sagemaker::ListEndpointsResponse> ListEndpoints(
      const Scope& scope, const shapes::sagemaker::ListEndpointsRequest& request) const;
  // The new configuration takes over when all of its workers answer; until then, and if they never do, the old one
  // stays.
  Result<shapes::sagemaker::UpdateEndpointResponse> UpdateEndpoint(
      const Scope& scope, const shapes::sagemaker::UpdateEndpointRequest& request);
  // Weights count at once; instances come and go until the counts are there, the endpoint staying in service.
  Result<shapes::sagemaker::UpdateEndpointWeightsAndCapacitiesResponse> UpdateEndpointWeightsAndCapacities(
      const Scope& scope, const shapes::sagemaker::UpdateEndpointWeightsAndCapacitiesRequest& request);
  Status DeleteEndpoint(const Scope& scope, const std::string& name);

  // The operations on inference components.
  Components& components();

  // What scaling sees and sets. An endpoint that is not in service is kNoSuchEndpoint or busy; 0 instances: the variant
  // sleeps, and the next request wakes it. kNoSuchEndpoint, kNoSuchVariant, kEndpointBusy.
  struct Instances {
    int wished = 0;
    bool busy = false;
  };
  Result<Instances> InstancesOf(const Scope& scope, const std::string& endpoint, const std::string& variant) const;
  // Where the answers of an asynchronous endpoint go, and as whom. kNoSuchEndpoint, kNotAsync.
  struct AsyncPlan {
    std::string output, failure;  // "s3://bucket/prefix"; failure may be empty
    std::string role;
    int instances = 1, per_instance = 4;  // requests at once
  };
  Result<AsyncPlan> AsyncPlanOf(const Scope& scope, const std::string& endpoint) const;
  Status SetInstances(const Scope& scope, const std::string& endpoint, const std::string& variant, int wished);

  // `done` runs once, on this thread (a refusal) or on one of the client's. kNoSuchEndpoint, kTooManyInvocations, ...
  void Invoke(const Scope& scope, Invocation invocation, AnswerDone done);

  // How its workers join requests, in words; kNoSuchEndpoint. `done` runs once, on this thread or on one of the
  // client's.
  void Explain(const Scope& scope, const std::string& endpoint,
               std::function<void(Result<std::vector<Explanation>>)> done);

  // For tests, instead of the loop that Start starts: Resume as Start does, then step what is due.
  Status Resume();
  std::size_t RunDue();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace aloft::serving
