// What a task that serves a model has brought into its sandbox. Pure.
#pragma once

#include "generated/shapes/sagemaker/model.h"
#include "platform/compute/task.h"

namespace aloft::models {

// The model's files at /opt/ml/model, and its script at /opt/ml/code where the container names an archive of it
// (SAGEMAKER_SUBMIT_DIRECTORY, where the SDK uploads the script of a framework model).
void AddModelInputs(const shapes::sagemaker::ContainerDefinition& container, compute::TaskSpec& spec);

}  // namespace aloft::models
