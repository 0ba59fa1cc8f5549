// An endpoint as DescribeEndpoint shows it.
#pragma once

#include "generated/shapes/sagemaker/endpoint.h"
#include "platform/compute/runtimes.h"
#include "services/serving/endpoints/types.h"
#include "services/serving/routing/router.h"

namespace aloft::serving {

// `published`: what answers now; may be null.
shapes::sagemaker::DescribeEndpointResponse Describe(const Scope& scope, const Endpoint& endpoint,
                                                     const Version* published, const compute::RuntimeTable& runtimes);

}  // namespace aloft::serving
