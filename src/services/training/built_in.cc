#include "services/training/built_in.h"

#include <algorithm>

#include "services/training/errors.h"

namespace aloft::training {

using shapes::sagemaker::MetricDefinition;

bool UsesBuiltInAlgorithm(const compute::Runtime& runtime, const CreateRequest& request) {
  if (runtime.metrics.empty() || request.algorithm_specification->container_entrypoint) return false;
  if (!PlainHyperParameter(request, "sagemaker_program").empty()) return false;
  return !request.environment || !request.environment->contains("SAGEMAKER_PROGRAM");
}

Status UseBuiltInAlgorithm(const compute::Runtime& runtime, CreateRequest& request) {
  if (!UsesBuiltInAlgorithm(runtime, request)) return {};
  std::vector<MetricDefinition> own;
  for (const compute::RuntimeMetric& metric : runtime.metrics) {
    MetricDefinition definition;
    definition.name = metric.name;
    definition.regex = metric.regex;
    own.push_back(std::move(definition));
  }
  auto& given = request.algorithm_specification->metric_definitions;
  auto same = [](const MetricDefinition& a, const MetricDefinition& b) {
    return a.name == b.name && a.regex == b.regex;
  };
  if (given && !given->empty() && !std::equal(given->begin(), given->end(), own.begin(), own.end(), same))
    return Fail(kBadJob,
                "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
                "without specifying metric definitions.");
  given = std::move(own);
  return {};
}

}  // namespace aloft::training
