// The rows of batch transform jobs.
#pragma once

#include "api/aws_common/front.h"
#include "services/transform/service.h"

namespace aloft::api {

// `service` must outlive the rows.
ServiceApi MakeTransformApi(transform::Service& service);

}  // namespace aloft::api
