// The rows of processing jobs.
#pragma once

#include "api/aws_common/front.h"
#include "services/processing/service.h"

namespace aloft::api {

// `service` must outlive the rows.
ServiceApi MakeProcessingApi(processing::Service& service);

}  // namespace aloft::api
