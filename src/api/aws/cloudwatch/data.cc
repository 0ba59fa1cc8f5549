#include "api/aws/cloudwatch/data.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "api/aws/cloudwatch/convert.h"
#include "platform/telemetry/errors.h"

namespace aloft::api::cloudwatch {
namespace {

namespace wire = shapes::cloudwatch;

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
constexpr std::size_t kMaxDatapoints = 100'800;
constexpr std::size_t kMaxQueries = 500;
constexpr std::string_view kTokenPrefix = "data-";

// A page's token says how many data points the pages before it held.
Result<std::size_t> ParseToken(const std::string& token) {
  if (token.empty()) return std::size_t(0);
  std::size_t offset = 0;
  const char* begin = token.data() + kTokenPrefix.size();
  const char* end = token.data() + token.size();
  if (!token.starts_with(kTokenPrefix) || begin == end || std::from_chars(begin, end, offset).ptr != end)
    return Fail(telemetry::kInvalidToken, "The parameter NextToken is not valid.");
  return offset;
}

Status CheckQueries(const wire::GetMetricDataRequest& in) {
  if (in.metric_data_queries->empty() || in.metric_data_queries->size() > kMaxQueries)
    return Fail(telemetry::kInvalidParameter, "The parameter MetricDataQueries must have 1 to 500 queries.");
  if (*in.start_time >= *in.end_time)
    return Fail(telemetry::kInvalidParameter, "The parameter StartTime must be less than the parameter EndTime.");
  std::set<std::string> ids;
  for (const wire::MetricDataQuery& query : *in.metric_data_queries) {
    if (!ids.insert(*query.id).second)
      return Fail(telemetry::kInvalidParameter, "The id '" + *query.id + "' is used by two queries.");
    if (query.expression)
      return Fail(kUnimplemented, "cloudwatch:GetMetricData: metric math (Expression) is not built in this Aloft");
    if (!query.metric_stat)
      return Fail(telemetry::kInvalidCombination,
                  "Either MetricStat or Expression must be given for the id '" + *query.id + "'.");
    if (!query.metric_stat->metric->metric_name || !query.metric_stat->metric->namespace_)
      return Fail(telemetry::kInvalidParameter,
                  "The metric of the id '" + *query.id + "' must have a Namespace and a MetricName.");
    if (!telemetry::IsStatistic(*query.metric_stat->stat))
      return Fail(telemetry::kInvalidParameter, "The value '" + *query.metric_stat->stat +
                                                    "' for parameter MetricDataQueries.MetricStat.Stat is not valid.");
  }
  return {};
}

Result<telemetry::DataSeries> Read(telemetry::MetricStore& store, const telemetry::Scope& scope,
                                   const wire::GetMetricDataRequest& in, const wire::MetricDataQuery& query) {
  const wire::MetricStat& stat = *query.metric_stat;
  telemetry::DataQuery wanted;
  wanted.window.metric = {*stat.metric->namespace_, *stat.metric->metric_name, ToDimensions(stat.metric->dimensions)};
  wanted.window.start = *in.start_time;
  wanted.window.end = *in.end_time;
  wanted.window.period = std::chrono::seconds(*stat.period);
  wanted.window.unit = stat.unit.value_or("");
  wanted.window.max_datapoints = kMaxDatapoints;
  wanted.statistic = *stat.stat;
  return store.Data(scope, wanted);
}

}  // namespace

Result<wire::GetMetricDataResponse> GetMetricData(telemetry::MetricStore& store, const telemetry::Scope& scope,
                                                  const wire::GetMetricDataRequest& in) {
  ALOFT_TRY(CheckQueries(in));
  ALOFT_ASSIGN(std::size_t offset, ParseToken(in.next_token.value_or("")));
  std::size_t skip = offset;
  std::size_t room = std::min<std::size_t>(
      static_cast<std::size_t>(std::max(in.max_datapoints.value_or(kMaxDatapoints), 1)), kMaxDatapoints);
  bool ascending = in.scan_by == "TimestampAscending";
  wire::GetMetricDataResponse out;
  out.metric_data_results.emplace();
  out.messages.emplace();
  for (const wire::MetricDataQuery& query : *in.metric_data_queries) {
    if (!query.return_data.value_or(true)) continue;
    ALOFT_ASSIGN(telemetry::DataSeries series, Read(store, scope, in, query));
    if (!ascending) {
      std::ranges::reverse(series.timestamps);
      std::ranges::reverse(series.values);
    }
    std::size_t from = std::min(skip, series.values.size());
    std::size_t count = std::min(room, series.values.size() - from);
    bool cut = from + count < series.values.size();
    auto at = [](auto& list, std::size_t index) { return list.begin() + static_cast<std::ptrdiff_t>(index); };
    out.metric_data_results->push_back(
        {.id = query.id,
         .label = query.label ? query.label : query.metric_stat->metric->metric_name,
         .timestamps = std::vector<Time>(at(series.timestamps, from), at(series.timestamps, from + count)),
         .values = std::vector<double>(at(series.values, from), at(series.values, from + count)),
         .status_code = cut ? "PartialData" : "Complete"});
    skip -= from;
    room -= count;
    offset += count;
    if (cut) {
      out.next_token = std::string(kTokenPrefix) + std::to_string(offset);
      break;
    }
  }
  return out;
}

}  // namespace aloft::api::cloudwatch
