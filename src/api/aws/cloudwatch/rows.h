// The rows of CloudWatch metrics over platform/telemetry.
#pragma once

#include "api/aws_common/front.h"
#include "platform/telemetry/metric_store.h"

namespace aloft::api {

// `store` must outlive the rows.
ServiceApi MakeCloudWatchApi(telemetry::MetricStore& store);

}  // namespace aloft::api
