// Configurations <-> deployments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "generated/shapes/sagemaker/endpoint.h"
#include "platform/compute/runtimes.h"
#include "services/models/service.h"
#include "services/serving/endpoints/types.h"
#include "services/serving/routing/router.h"

namespace aloft::serving {

inline constexpr int kMaxInstances = 64;  // of one variant

// What the model description cannot say of a configuration. kBadEndpointConfig; kNotBuilt names what is not built.
Status CheckConfig(const shapes::sagemaker::CreateEndpointConfigRequest& request);
// The named configuration with its models, ready to be brought up. kNoSuchEndpointConfig, models::kNoSuchModel.
Result<Deployment> MakeDeployment(sql::Database& database, const models::Service& models, const Scope& scope,
                                  const std::string& config, int generation, Time now);

// UpdateEndpoint's RetainAllVariantProperties: weights and instance counts of the variants that stay.
void RetainProperties(const Deployment& old,
                      const std::optional<std::vector<shapes::sagemaker::VariantProperty>>& excluded, Deployment& next);

// Sets the weights and counts that are wished from now on. kNoSuchVariant; kBadEndpointConfig.
Status ApplyCapacities(const std::vector<shapes::sagemaker::DesiredWeightAndCapacity>& wishes, Deployment& deployment);

// Requests at once that serverless variants allow together; 0: no bound of their own.
int MaxConcurrencyOf(const Deployment& deployment);
// A serverless variant without provisioned concurrency.
bool SleepsWhenIdle(const Variant& variant);

}  // namespace aloft::serving
