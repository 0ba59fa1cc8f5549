// Endpoint configurations and endpoints: Create, Describe, List, Update, Delete.
#pragma once

#include "api/aws_common/front.h"
#include "services/serving/service.h"

namespace aloft::api {

ServiceApi MakeEndpointApi(serving::Service& serving);

}  // namespace aloft::api
