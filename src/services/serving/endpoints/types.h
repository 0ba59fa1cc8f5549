// An endpoint as it is stored: what is wished and how far it is.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/endpoint.h"
#include "generated/shapes/sagemaker/endpoint_config.h"
#include "generated/shapes/sagemaker/inference_component.h"
#include "generated/shapes/sagemaker/model.h"
#include "services/models/types.h"

namespace aloft::serving {

using models::Scope;

// Whether a CloudWatch alarm is in state ALARM; an error where there is none of that name.
using AlarmFires = std::function<Result<bool>(const Scope& scope, const std::string& alarm)>;

enum class EndpointStatus { kCreating, kUpdating, kInService, kDeleting, kFailed };
// "InService", ...
std::string_view ToString(EndpointStatus status);
std::optional<EndpointStatus> ParseStatus(std::string_view text);

// One worker of a variant. A worker that fails is started again as the next attempt, a new task.
struct Slot {
  int variant = 0;   // index
  int instance = 0;  // of the variant, from 0
  int attempt = 1;
  int failures = 0;              // attempts in a row that ended without having served for a while
  std::optional<Time> retry_at;  // not before
  std::string socket;            // where this attempt answers, on this machine; empty until it first did
};

// A model on instances, with everything its workers need: deleting the model or the configuration takes nothing away.
struct Variant {
  shapes::sagemaker::ProductionVariant plan;  // with the weight and the count that are wished now
  shapes::sagemaker::CreateModelRequest model;
  bool shadow = false;  // gets copies of requests; nobody sees its answers
  int made = 0;         // instances so far: numbers are not used again
  // Of an inference component: what one copy has, instead of the instance type's size.
  std::optional<shapes::sagemaker::InferenceComponentComputeResourceRequirements> resources{};

  std::string name() const { return plan.variant_name.value_or(""); }
  // Without a model of its own: inference components bring theirs, and no worker runs for the variant itself. `model`
  // then has no more than the role.
  bool is_host() const { return !model.primary_container && !model.containers; }
  double weight() const { return plan.initial_variant_weight.value_or(1); }
  int instances() const { return plan.initial_instance_count.value_or(1); }  // 0: it sleeps until a request comes
  std::chrono::seconds startup_timeout() const {
    return std::chrono::seconds(plan.container_startup_health_check_timeout_in_seconds.value_or(600));
  }
};

// A configuration put to work. Generations count the deployments of an endpoint.
struct Deployment {
  int generation = 1;
  std::string config;  // name
  Time started;
  std::vector<Variant> variants;
  std::vector<Slot> slots;                                      // one per instance of each variant
  std::optional<shapes::sagemaker::DataCaptureConfig> capture;  // of the configuration
  std::optional<shapes::sagemaker::AsyncInferenceConfig> async;
  std::optional<shapes::sagemaker::InferenceComponentSpecification> component;  // of an inference component
};

// How an update moves traffic to `next` once all of its workers answer, and how far it is.
struct Rollout {
  enum class Kind { kAllAtOnce, kCanary, kLinear } kind = Kind::kAllAtOnce;
  double step = 1;                           // share of the traffic: of the canary, of each linear step
  std::chrono::seconds wait{0};              // after each step, the last one included
  std::chrono::seconds termination_wait{0};  // that the old workers stay after that
  std::chrono::seconds limit{0};             // of the whole update; 0: none
  double share = 0;                          // of the traffic that goes to `next` now
  std::optional<Time> stepped;               // when share was last raised
};

struct Endpoint {
  std::string name;
  Time created, modified;
  EndpointStatus status = EndpointStatus::kCreating;
  std::string failure;                // why it failed, or why the last update was given up
  std::string config;                 // of `current`, or of `next` while the endpoint is created
  int generation = 0;                 // the newest deployment's
  std::optional<Deployment> current;  // answers
  std::optional<Deployment> next;     // is being brought up
  Rollout rollout;                    // of `next`
  // Of the last create or update that asked for one.
  std::optional<shapes::sagemaker::DeploymentConfig> deployment_config;
  // Of an inference component, which is kept as an endpoint (component_name.h): whose instances it is on, and the
  // specification that was wished last. `host` empty: an endpoint.
  std::string host, host_variant;
  std::optional<shapes::sagemaker::InferenceComponentSpecification> component;
  std::int64_t revision = 0;  // grows with each write
};

}  // namespace aloft::serving
