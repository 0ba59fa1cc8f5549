// What a task that serves a model has brought into its sandbox. Pure.
#pragma once

#include <string>
#include <vector>

#include "generated/shapes/sagemaker/model.h"
#include "platform/compute/task.h"

namespace aloft::models {

// The model's files at <base>/model, and its script at <base>/code where the container names an archive of it
// (SAGEMAKER_SUBMIT_DIRECTORY, where the SDK uploads the script of a framework model).
std::vector<compute::Input> ModelInputs(const shapes::sagemaker::ContainerDefinition& container,
                                        const std::string& base);

}  // namespace aloft::models
