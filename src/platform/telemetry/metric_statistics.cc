// Points -> data points of a period -> values of a statistic.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "platform/telemetry/errors.h"
#include "platform/telemetry/metric_access.h"
#include "platform/telemetry/metric_store.h"

namespace aloft::telemetry {
namespace {

constexpr std::size_t kScanPage = 10'000;

std::optional<double> Percent(std::string_view statistic) {
  if (statistic.size() < 2 || statistic[0] != 'p') return std::nullopt;
  double percent = 0;
  const char* end = statistic.data() + statistic.size();
  auto [stop, error] = std::from_chars(statistic.data() + 1, end, percent, std::chars_format::fixed);
  if (error != std::errc() || stop != end || !(percent >= 0 && percent <= 100)) return std::nullopt;
  return percent;
}

struct Bucket {
  StatisticSet statistics;
  std::vector<std::pair<double, double>> values;  // value, count; only where percentiles are asked for
  bool exact = true;                              // `values` is everything
};

void Add(Bucket& bucket, const PointRecord& record, bool keep_values) {
  const StatisticSet& from = record.statistics;
  StatisticSet& into = bucket.statistics;
  bool first = into.sample_count == 0;
  into.minimum = first ? from.minimum : std::min(into.minimum, from.minimum);
  into.maximum = first ? from.maximum : std::max(into.maximum, from.maximum);
  into.sum += from.sum;
  into.sample_count += from.sample_count;
  if (!keep_values) return;
  for (std::size_t i = 0; i < record.values.size(); ++i)
    bucket.values.emplace_back(record.values[i], record.counts.empty() ? 1 : record.counts[i]);
  if (!record.values.empty()) return;
  if (from.minimum == from.maximum)
    bucket.values.emplace_back(from.minimum, from.sample_count);
  else
    bucket.exact = false;
}

// The smallest value that at least `percent` of the observations do not exceed.
double PercentileOf(const Bucket& bucket, double percent) {
  double wanted = bucket.statistics.sample_count * percent / 100, below = 0;
  for (const auto& [value, count] : bucket.values) {
    below += count;
    if (below >= wanted && count > 0) return value;
  }
  return bucket.statistics.maximum;
}

Status CheckPeriod(std::chrono::seconds period) {
  auto seconds = period.count();
  bool fine = seconds == 1 || seconds == 5 || seconds == 10 || seconds == 20 || seconds == 30;
  if (fine || (seconds > 0 && seconds % 60 == 0)) return {};
  return Fail(kInvalidParameter,
              fmt::format("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60; it is {}", seconds));
}

Result<std::vector<Datapoint>> Aggregate(kv::Store& store, const Scope& scope, const StatisticsQuery& query,
                                         bool merge_units) {
  ALOFT_TRY(CheckPeriod(query.period));
  if (query.start >= query.end)
    return Fail(kInvalidParameter, "The parameter StartTime must be less than the parameter EndTime.");
  for (const std::string& percentile : query.percentiles)
    if (!Percent(percentile))
      return Fail(kInvalidParameter, "The value " + percentile + " is not a percentile statistic.");
  std::int64_t period = std::chrono::microseconds(query.period).count();
  std::int64_t align = query.period < std::chrono::seconds(60) ? 1'000'000 : 60'000'000;
  std::int64_t start = std::max<std::int64_t>(ToMicros(query.start), 0) / align * align;
  std::int64_t end = std::max<std::int64_t>(ToMicros(query.end), 0);
  std::int64_t count = (end - start + period - 1) / period;
  if (count > static_cast<std::int64_t>(query.max_datapoints))
    return Fail(kInvalidCombination,
                fmt::format("You have requested up to {} datapoints, which exceeds the limit of {}. You may reduce the "
                            "datapoints requested by increasing Period, or decreasing the time range.",
                            count, query.max_datapoints));

  std::map<std::pair<std::int64_t, std::string>, Bucket> buckets;
  std::string series = SeriesKey(scope, query.metric);
  kv::ScanRange range;
  range.from = KeyWriter(series).Number(static_cast<std::uint64_t>(start)).Take();
  range.to = KeyWriter(series).Number(static_cast<std::uint64_t>(end)).Take();
  range.limit = kScanPage;
  for (std::size_t read = 0;;) {
    ALOFT_ASSIGN(kv::ScanPage page, store.Scan(kPointSpace, range));
    for (const kv::Entry& entry : page.entries) {
      ALOFT_ASSIGN(PointRecord record, DecodePoint(entry.value));
      if (!query.unit.empty() && record.unit != query.unit) continue;
      auto at = static_cast<std::int64_t>(KeyReader(std::string_view(entry.key).substr(series.size())).Number());
      std::int64_t bucket = start + (at - start) / period * period;
      Add(buckets[{bucket, merge_units ? std::string() : record.unit}], record, !query.percentiles.empty());
    }
    read += page.entries.size();
    if (!page.more) break;
    if (read >= kMaxPointsRead)
      return Fail(kQueryTooLarge, "The query reads too many data points; ask for a shorter time range.");
    range.from = page.entries.back().key + '\0';
  }

  std::vector<Datapoint> datapoints;
  for (auto& [key, bucket] : buckets) {
    Datapoint datapoint{FromMicros(key.first), key.second, bucket.statistics, {}};
    if (bucket.exact) std::sort(bucket.values.begin(), bucket.values.end());
    for (const std::string& percentile : query.percentiles)
      if (bucket.exact) datapoint.percentiles[percentile] = PercentileOf(bucket, *Percent(percentile));
    datapoints.push_back(std::move(datapoint));
  }
  return datapoints;
}

}  // namespace

bool IsStatistic(std::string_view statistic) {
  return statistic == "Average" || statistic == "Sum" || statistic == "Minimum" || statistic == "Maximum" ||
         statistic == "SampleCount" || Percent(statistic).has_value();
}

std::optional<double> ValueOf(const Datapoint& datapoint, std::string_view statistic) {
  const StatisticSet& set = datapoint.statistics;
  if (statistic == "Average") return set.sample_count > 0 ? std::optional(set.sum / set.sample_count) : std::nullopt;
  if (statistic == "Sum") return set.sum;
  if (statistic == "Minimum") return set.minimum;
  if (statistic == "Maximum") return set.maximum;
  if (statistic == "SampleCount") return set.sample_count;
  auto found = datapoint.percentiles.find(std::string(statistic));
  return found == datapoint.percentiles.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<Datapoint>> MetricStore::Statistics(const Scope& scope, const StatisticsQuery& query) {
  return Aggregate(store_, scope, query, false);
}

Result<DataSeries> MetricStore::Data(const Scope& scope, const DataQuery& query) {
  if (!IsStatistic(query.statistic))
    return Fail(kInvalidParameter, "The statistic " + query.statistic +
                                       " is not one of Average, Sum, Minimum, Maximum, SampleCount, pNN.");
  StatisticsQuery window = query.window;
  window.percentiles.clear();
  if (Percent(query.statistic)) window.percentiles.push_back(query.statistic);
  ALOFT_ASSIGN(std::vector<Datapoint> datapoints, Aggregate(store_, scope, window, true));
  DataSeries series;
  for (const Datapoint& datapoint : datapoints) {
    std::optional<double> value = ValueOf(datapoint, query.statistic);
    if (!value) continue;
    series.timestamps.push_back(datapoint.timestamp);
    series.values.push_back(*value);
  }
  return series;
}

}  // namespace aloft::telemetry
