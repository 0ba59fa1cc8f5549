// The keys of series, for the metric store's own files.
#pragma once

#include "platform/telemetry/records.h"

namespace aloft::telemetry {

std::string SeriesKey(const Scope& scope, const MetricName& metric);
MetricName MetricOf(std::string_view series_key);

}  // namespace aloft::telemetry
