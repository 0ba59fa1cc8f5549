// InvokeEndpoint: opaque bytes to a model and back. Answers come later; no pool thread waits for a model.
#pragma once

#include "api/aws_common/front.h"
#include "services/serving/service.h"

namespace aloft::api {

ServiceApi MakeSageMakerRuntimeApi(serving::Service& serving);

}  // namespace aloft::api
