#include "api/aws/cloudwatch/rows.h"

#include <algorithm>

#include "api/aws/cloudwatch/convert.h"
#include "api/aws/cloudwatch/data.h"
#include "api/aws_common/row.h"
#include "generated/shapes/cloudwatch/service_model.h"
#include "platform/telemetry/errors.h"

namespace aloft::api {
namespace cloudwatch {
namespace {

using telemetry::MetricStore;
using namespace shapes::cloudwatch;  // NOLINT: the vocabulary of this file

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
constexpr std::size_t kMaxData = 1000;
constexpr std::size_t kMaxStatisticsPoints = 1440;

telemetry::Scope ScopeOf(const Call& call) {
  return {call.session.account, call.region};
}

template <class In>
auto Needs(const char* action) {
  return [action](const Call&, const In&) -> std::vector<Permission> { return {{action, "*", {}}}; };
}

Status Put(MetricStore& store, const Call& call, const PutMetricDataRequest& in) {
  if (in.entity_metric_data && !in.entity_metric_data->empty())
    return Fail(kUnimplemented, "cloudwatch:PutMetricData: EntityMetricData is not built in this Aloft");
  if (!in.metric_data || in.metric_data->empty())
    return Fail(telemetry::kInvalidParameter, "The parameter MetricData is required.");
  if (in.metric_data->size() > kMaxData)
    return Fail(telemetry::kInvalidParameter, "The collection MetricData must not have a size greater than 1000.");
  // Aloft's own measurements live there.
  if (in.namespace_->starts_with("AWS/"))
    return Fail(telemetry::kInvalidParameter, "The value AWS/ for parameter Namespace is invalid.");
  std::vector<telemetry::MetricPoint> points;
  for (const MetricDatum& datum : *in.metric_data) {
    ALOFT_ASSIGN(telemetry::MetricPoint point, ToPoint(*in.namespace_, datum, points.size() + 1));
    points.push_back(std::move(point));
  }
  return store.Put(ScopeOf(call), points);
}

Datapoint FromDatapoint(const telemetry::Datapoint& from, const std::vector<std::string>& statistics) {
  Datapoint to{.timestamp = from.timestamp, .unit = from.unit};
  auto wants = [&](std::string_view name) { return std::ranges::find(statistics, name) != statistics.end(); };
  if (wants("SampleCount")) to.sample_count = telemetry::ValueOf(from, "SampleCount");
  if (wants("Average")) to.average = telemetry::ValueOf(from, "Average");
  if (wants("Sum")) to.sum = telemetry::ValueOf(from, "Sum");
  if (wants("Minimum")) to.minimum = telemetry::ValueOf(from, "Minimum");
  if (wants("Maximum")) to.maximum = telemetry::ValueOf(from, "Maximum");
  if (!from.percentiles.empty()) to.extended_statistics = from.percentiles;
  return to;
}

Result<GetMetricStatisticsResponse> Statistics(MetricStore& store, const Call& call,
                                               const GetMetricStatisticsRequest& in) {
  bool plain = in.statistics && !in.statistics->empty(),
       extended = in.extended_statistics && !in.extended_statistics->empty();
  if (!plain && !extended)
    return Fail(telemetry::kInvalidCombination, "At least one of Statistics and ExtendedStatistics must be specified.");
  if (*in.start_time >= *in.end_time)
    return Fail(telemetry::kInvalidParameter, "The parameter StartTime must be less than the parameter EndTime.");
  telemetry::StatisticsQuery query;
  query.metric = {*in.namespace_, *in.metric_name, ToDimensions(in.dimensions)};
  query.start = *in.start_time;
  query.end = *in.end_time;
  query.period = std::chrono::seconds(*in.period);
  query.unit = in.unit.value_or("");
  query.max_datapoints = kMaxStatisticsPoints;
  if (extended) query.percentiles = *in.extended_statistics;
  for (const std::string& statistic : query.percentiles)
    if (!statistic.starts_with("p") || !telemetry::IsStatistic(statistic))
      return Fail(telemetry::kInvalidParameter,
                  "The value " + statistic + " for parameter ExtendedStatistics.member.1 is not supported.");
  ALOFT_ASSIGN(std::vector<telemetry::Datapoint> points, store.Statistics(ScopeOf(call), query));
  GetMetricStatisticsResponse out{.label = in.metric_name};
  out.datapoints.emplace();
  for (const telemetry::Datapoint& point : points)
    out.datapoints->push_back(FromDatapoint(point, in.statistics.value_or(std::vector<std::string>())));
  return out;
}

Result<ListMetricsResponse> List(MetricStore& store, const Call& call, const ListMetricsRequest& in) {
  telemetry::ListQuery query;
  query.metric_namespace = in.namespace_.value_or("");
  query.name = in.metric_name.value_or("");
  query.recently_active = in.recently_active.has_value();
  query.token = in.next_token.value_or("");
  if (in.dimensions)
    for (const DimensionFilter& filter : *in.dimensions)
      query.dimensions.emplace_back(*filter.name, filter.value.value_or(""));
  ALOFT_ASSIGN(telemetry::ListPage page, store.List(ScopeOf(call), query));
  ListMetricsResponse out;
  out.metrics.emplace();
  for (const telemetry::MetricName& metric : page.metrics)
    out.metrics->push_back({.namespace_ = metric.metric_namespace,
                            .metric_name = metric.name,
                            .dimensions = FromDimensions(metric.dimensions)});
  if (!page.next_token.empty()) out.next_token = page.next_token;
  return out;
}

std::vector<Row> MakeRows(MetricStore& store) {
  std::vector<Row> rows;
  rows.push_back(MakeRow<PutMetricDataRequest, PutMetricDataResponse>(
      kModel, "PutMetricData",
      [](const Call&, const PutMetricDataRequest& in) -> std::vector<Permission> {
        return {{"cloudwatch:PutMetricData", "*", {{"cloudwatch:namespace", {*in.namespace_}}}}};
      },
      [&store](const Call& call, const Authorized&, const PutMetricDataRequest& in) { return Put(store, call, in); }));
  rows.push_back(MakeRow<GetMetricDataRequest, GetMetricDataResponse>(
      kModel, "GetMetricData", Needs<GetMetricDataRequest>("cloudwatch:GetMetricData"),
      [&store](const Call& call, const Authorized&, const GetMetricDataRequest& in) {
        return GetMetricData(store, ScopeOf(call), in);
      }));
  rows.push_back(MakeRow<GetMetricStatisticsRequest, GetMetricStatisticsResponse>(
      kModel, "GetMetricStatistics", Needs<GetMetricStatisticsRequest>("cloudwatch:GetMetricStatistics"),
      [&store](const Call& call, const Authorized&, const GetMetricStatisticsRequest& in) {
        return Statistics(store, call, in);
      }));
  rows.push_back(MakeRow<ListMetricsRequest, ListMetricsResponse>(
      kModel, "ListMetrics", Needs<ListMetricsRequest>("cloudwatch:ListMetrics"),
      [&store](const Call& call, const Authorized&, const ListMetricsRequest& in) { return List(store, call, in); }));
  return rows;
}

}  // namespace
}  // namespace cloudwatch

ServiceApi MakeCloudWatchApi(telemetry::MetricStore& store) {
  ServiceApi api;
  api.model = &shapes::cloudwatch::kModel;
  api.rows = cloudwatch::MakeRows(store);
  api.errors = {
      {telemetry::kInvalidParameter, "InvalidParameterValueException"},
      {telemetry::kInvalidCombination, "InvalidParameterCombinationException"},
      {telemetry::kInvalidToken, "InvalidNextToken"},
      {telemetry::kQueryTooLarge, "InvalidParameterValueException"},
  };
  return api;
}

}  // namespace aloft::api
