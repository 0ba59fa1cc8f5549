// Wire structs of CloudWatch <-> telemetry's own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "generated/shapes/cloudwatch/metrics.h"
#include "platform/telemetry/types.h"

namespace aloft::api::cloudwatch {

telemetry::Dimensions ToDimensions(const std::optional<std::vector<shapes::cloudwatch::Dimension>>& dimensions);
std::vector<shapes::cloudwatch::Dimension> FromDimensions(const telemetry::Dimensions& dimensions);

// Errors: telemetry::kInvalidParameter, kInvalidCombination, with AWS's words. `index` counts from 1.
Result<telemetry::MetricPoint> ToPoint(const std::string& metric_namespace,
                                       const shapes::cloudwatch::MetricDatum& datum, std::size_t index);

}  // namespace aloft::api::cloudwatch
