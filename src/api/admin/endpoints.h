// What an operator asks of endpoints beyond AWS's operations; for `aloft endpoints`.
//
//   POST /aloft/v1/ExplainEndpoint   {"EndpointName"}: how its workers join requests to calls of the model, and why.
//                                    Needs sagemaker:DescribeEndpoint on the endpoint.
#pragma once

#include <vector>

#include "api/common/operation.h"
#include "services/serving/service.h"

namespace aloft::api::admin {

// What is referred to outlives the rows.
std::vector<api::Row> MakeEndpointRows(serving::Service& serving);

}  // namespace aloft::api::admin
