// A model's description -> what serves it inside a task. Pure.
//
// One container is served by its runtime's command. Several (an inference pipeline) run side by side in one task,
// behind `runtime/aloft_runtime/pipeline.py`; a multi-model container brings its models itself, as the role, when they
// are asked for (`runtime/aloft_runtime/serving/multi_model.py`).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/model.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/task.h"

namespace aloft::models {

inline constexpr std::size_t kMaxContainers = 15;  // as AWS has it

struct ServingPlan {
  std::string environment;  // empty: no Python is needed
  std::vector<std::string> command;
  std::map<std::string, std::string> variables;
  std::vector<compute::File> files;
  std::vector<compute::Input> inputs;
  bool multi_model = false;
  std::string image;       // a container image's id; then there is no environment, and `command` are its arguments
  std::uint16_t port = 0;  // where it listens inside; 0: on the worker's socket itself
};

// The containers in their order. kNotBuilt names what is asked and not built (model packages), kBadModel what makes no
// sense.
Result<std::vector<shapes::sagemaker::ContainerDefinition>> ServedContainers(
    const shapes::sagemaker::CreateModelRequest& request);

bool IsMultiModel(const shapes::sagemaker::CreateModelRequest& request);
// Requests name the container that answers (InferenceExecutionConfig, Mode Direct).
bool IsDirect(const shapes::sagemaker::CreateModelRequest& request);
// ContainerHostname, else "container-1", ...
std::string ContainerName(const shapes::sagemaker::ContainerDefinition& container, std::size_t index);

// Of a container that names paths of its own (ALOFT_CONTAINER_PING, ALOFT_CONTAINER_INVOCATIONS); empty: SageMaker's.
struct ContainerPaths {
  std::string ping, invocations;
};
ContainerPaths PathsOf(const shapes::sagemaker::CreateModelRequest& request);

// Also compute::kUnknownImage. kNotBuilt where containers need environments that no runtime has together.
Result<ServingPlan> PlanServing(const shapes::sagemaker::CreateModelRequest& request,
                                const compute::RuntimeTable& runtimes);

}  // namespace aloft::models
