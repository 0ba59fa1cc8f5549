// GetMetricData: several series in one answer, in pages.
#pragma once

#include "foundation/base/result.h"
#include "generated/shapes/cloudwatch/metrics.h"
#include "platform/telemetry/metric_store.h"

namespace aloft::api::cloudwatch {

// Metric math (Expression) is kUnimplemented.
Result<shapes::cloudwatch::GetMetricDataResponse> GetMetricData(telemetry::MetricStore& store,
                                                                const telemetry::Scope& scope,
                                                                const shapes::cloudwatch::GetMetricDataRequest& in);

}  // namespace aloft::api::cloudwatch
