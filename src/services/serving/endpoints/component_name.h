// How an inference component is called inside: it is kept, routed and measured as an endpoint of its own, under a name
// that no caller can give, because names of endpoints and components hold no '_'. Pure.
#pragma once

#include <string>
#include <string_view>

#include "services/models/types.h"
#include "services/resources/arn.h"

namespace aloft::serving {

inline std::string ComponentKey(std::string_view component) {
  return std::string("_").append(component);
}
inline bool IsComponentKey(std::string_view endpoint) {
  return endpoint.starts_with('_');
}
// The component's own name, of a key.
inline std::string ComponentOf(std::string_view key) {
  return std::string(key.substr(1));
}
// For messages: "Endpoint e", "Inference component c".
inline std::string Shown(std::string_view endpoint) {
  return IsComponentKey(endpoint) ? std::string("Inference component ").append(ComponentOf(endpoint))
                                  : std::string("Endpoint ").append(endpoint);
}
inline std::string EndpointArn(const models::Scope& scope, std::string_view endpoint) {
  if (IsComponentKey(endpoint))
    return resources::SageMakerArn(scope.account, scope.region, "inference-component", ComponentOf(endpoint));
  return resources::SageMakerArn(scope.account, scope.region, "endpoint", endpoint);
}
// "/aws/sagemaker/Endpoints/<endpoint>", "/aws/sagemaker/InferenceComponents/<component>"
inline std::string LogGroupNameOf(std::string_view endpoint) {
  if (IsComponentKey(endpoint)) return std::string("/aws/sagemaker/InferenceComponents/").append(ComponentOf(endpoint));
  return std::string("/aws/sagemaker/Endpoints/").append(endpoint);
}

}  // namespace aloft::serving
