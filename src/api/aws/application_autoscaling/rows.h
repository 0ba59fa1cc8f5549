// The rows of Application Auto Scaling over services/scaling.
#pragma once

#include "api/aws_common/front.h"
#include "services/scaling/service.h"

namespace aloft::api {

// `scaling` must outlive the rows.
ServiceApi MakeScalingApi(scaling::Service& scaling);

}  // namespace aloft::api
