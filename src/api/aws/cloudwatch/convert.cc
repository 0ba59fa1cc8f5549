#include "api/aws/cloudwatch/convert.h"

#include "platform/telemetry/errors.h"

namespace aloft::api::cloudwatch {

namespace wire = shapes::cloudwatch;

telemetry::Dimensions ToDimensions(const std::optional<std::vector<wire::Dimension>>& dimensions) {
  telemetry::Dimensions result;
  if (dimensions)
    for (const wire::Dimension& dimension : *dimensions) result.emplace(*dimension.name, *dimension.value);
  return result;
}

std::vector<wire::Dimension> FromDimensions(const telemetry::Dimensions& dimensions) {
  std::vector<wire::Dimension> result;
  for (const auto& [name, value] : dimensions) result.push_back({.name = name, .value = value});
  return result;
}

Result<telemetry::MetricPoint> ToPoint(const std::string& metric_namespace, const wire::MetricDatum& datum,
                                       std::size_t index) {
  std::string place = "MetricData.member." + std::to_string(index);
  bool list = datum.values && !datum.values->empty();
  int forms = int(datum.value.has_value()) + int(datum.statistic_values.has_value()) + int(list);
  if (forms == 0)
    return Fail(telemetry::kInvalidCombination, "At least one of the parameters " + place + ".Value, " + place +
                                                    ".StatisticValues, " + place + ".Values must be specified.");
  if (forms > 1)
    return Fail(telemetry::kInvalidCombination, "The parameters " + place + ".Value, " + place +
                                                    ".StatisticValues and " + place +
                                                    ".Values are mutually exclusive.");
  if (datum.counts && !datum.counts->empty() && (!list || datum.counts->size() != datum.values->size()))
    return Fail(telemetry::kInvalidParameter,
                "The parameters " + place + ".Values and " + place + ".Counts must be of the same size.");

  telemetry::MetricPoint point;
  point.metric = {metric_namespace, *datum.metric_name, ToDimensions(datum.dimensions)};
  if (datum.dimensions && point.metric.dimensions.size() != datum.dimensions->size())
    return Fail(telemetry::kInvalidParameter, "The parameter " + place + ".Dimensions names a dimension twice.");
  point.timestamp = datum.timestamp;
  point.unit = datum.unit.value_or("None");
  if (datum.value) point.values = {*datum.value};
  if (list) point.values = *datum.values;
  if (list && datum.counts) point.counts = *datum.counts;
  if (datum.statistic_values)
    point.statistics = telemetry::StatisticSet{.sample_count = *datum.statistic_values->sample_count,
                                               .sum = *datum.statistic_values->sum,
                                               .minimum = *datum.statistic_values->minimum,
                                               .maximum = *datum.statistic_values->maximum};
  return point;
}

}  // namespace aloft::api::cloudwatch
