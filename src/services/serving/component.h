// Inference components: models of their own, each with its copies, on the instances of one endpoint. Pure functions.
//
// The instances of such an endpoint are a bound on what its components may ask for together; a copy is a worker with
// the processors and the memory that its component asks for.
#pragma once

#include <span>
#include <string>

#include "foundation/base/result.h"
#include "generated/shapes/sagemaker/inference_component.h"
#include "platform/compute/runtimes.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

// Whether the deployment's variants have no models of their own. kBadEndpointConfig where some have: see CheckConfig.
bool IsHost(const Deployment& deployment);
// Of that name, among a host's; else kNoSuchVariant.
Result<const Variant*> HostVariant(const Deployment& host, const std::string& name);

// What is asked and not built (kNotBuilt), and what makes no sense (kBadComponent).
Status CheckSpecification(const shapes::sagemaker::InferenceComponentSpecification& specification);
// The model of a component that brings its container instead of a model's name, as `role`.
shapes::sagemaker::CreateModelRequest ModelOf(const shapes::sagemaker::InferenceComponentSpecification& specification,
                                              const std::string& role);
// `copies` workers of the model beside the host's others. `generation` and `now` as of any deployment.
Result<Deployment> CopiesOf(const Variant& host,
                            const shapes::sagemaker::InferenceComponentSpecification& specification,
                            shapes::sagemaker::CreateModelRequest model, int copies, int generation, Time now);
Status CheckCopies(int copies);

// Whether each variant of the host has instances on which all copies of the components find room. kNoRoom says what is
// missing; kNoSuchVariant where a component's variant is not there.
Status CheckRoom(const Deployment& host, std::span<const Endpoint> components);

// `answering`: copies that answer now.
shapes::sagemaker::DescribeInferenceComponentOutput DescribeComponent(const Scope& scope, const Endpoint& component,
                                                                      int answering,
                                                                      const compute::RuntimeTable& runtimes);

}  // namespace aloft::serving
