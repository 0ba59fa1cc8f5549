// The rows of training jobs.
#pragma once

#include "api/aws_common/front.h"
#include "services/training/service.h"

namespace aloft::api {

// `service` must outlive the rows.
ServiceApi MakeTrainingApi(training::Service& service);

}  // namespace aloft::api
