// The error of a model, as SageMaker Runtime tells it: HTTP 424 with what the model said.
// https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
#pragma once

#include <string>

#include "foundation/base/id.h"
#include "foundation/http/message.h"
#include "services/serving/routing/invocation.h"

namespace aloft::api {

http::Response RenderModelError(const serving::Answer& answer, const std::string& endpoint, const AccountId& account,
                                const RequestId& request_id);

}  // namespace aloft::api
