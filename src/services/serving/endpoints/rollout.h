// How an update moves traffic: DeploymentConfig of UpdateEndpoint as the numbers that the policy needs. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/endpoint.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

// kNotBuilt names what is not built; kBadEndpointConfig where the parts do not fit together.
// `instances`: of the new deployment, for steps that are given in instances.
Result<Rollout> RolloutOf(const std::optional<shapes::sagemaker::DeploymentConfig>& config, int instances);

// Alarms that take an update back.
std::vector<std::string> AlarmsOf(const std::optional<shapes::sagemaker::DeploymentConfig>& config);

// Makes the slots of each variant as many as it wishes; returns those that are too many, taken out. The newest go
// first, and a number is never used again, so that a worker that still drains is not taken for a new one.
std::vector<Slot> FitSlots(Deployment& deployment);

}  // namespace aloft::serving
