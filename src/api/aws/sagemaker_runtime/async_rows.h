// InvokeEndpointAsync: accepted here, answered in S3.
#pragma once

#include "api/aws_common/front.h"
#include "services/async_inference/service.h"

namespace aloft::api {

ServiceApi MakeAsyncInferenceApi(async_inference::Service& service);

}  // namespace aloft::api
