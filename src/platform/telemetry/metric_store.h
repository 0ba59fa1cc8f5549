// Metric series and their points on kv: what AWS calls CloudWatch metrics, without its wire.
//
// Points are kept as they were sent for 63 days. A query reads at most kMaxPointsRead points, else it is
// kQueryTooLarge: ask for less time. Thread-safe, local, bounded. Formats: docs/formats/telemetry.md.
#pragma once

#include <chrono>
#include <mutex>
#include <span>
#include <unordered_map>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/kv/store.h"
#include "platform/telemetry/types.h"

namespace aloft::telemetry {

inline constexpr std::size_t kMaxPointsRead = 2'000'000;

struct StatisticsQuery {
  MetricName metric{};
  Time start{};  // inclusive; rounded down to the minute (to the second where the period is below one)
  Time end{};    // exclusive
  std::chrono::seconds period{60};         // 1, 5, 10, 20, 30 or a multiple of 60
  std::string unit{};                      // empty: each unit gives its own data points
  std::vector<std::string> percentiles{};  // "p50", "p99.9"
  std::size_t max_datapoints = 1440;       // more is refused as kInvalidCombination
};

// One query of GetMetricData: the values of one statistic.
struct DataQuery {
  StatisticsQuery window{};
  std::string statistic{};  // "Average", "Sum", "Minimum", "Maximum", "SampleCount", "p90"
};
struct DataSeries {
  std::vector<Time> timestamps{};
  std::vector<double> values{};
};

struct ListQuery {
  std::string metric_namespace{}, name{};  // empty: any
  // Each must be present; an empty value stands for any.
  std::vector<std::pair<std::string, std::string>> dimensions{};
  bool recently_active = false;  // in the last three hours, else in the last two weeks
  std::size_t limit = 500;
  std::string token{};
};
struct ListPage {
  std::vector<MetricName> metrics{};
  std::string next_token{};  // empty on the last page
};

class MetricStore {
 public:
  MetricStore(kv::Store& store, Clock& clock, Random& random);

  // All points or none. Refuses times more than two weeks back or two hours ahead, and values that are not finite.
  Status Put(const Scope& scope, std::span<const MetricPoint> points);
  // Ordered by time; only periods that have observations.
  Result<std::vector<Datapoint>> Statistics(const Scope& scope, const StatisticsQuery& query);
  // Ordered by time, oldest first.
  Result<DataSeries> Data(const Scope& scope, const DataQuery& query);
  Result<ListPage> List(const Scope& scope, const ListQuery& query);

  // Removes up to about `limit` points past retention; returns how many. Call it now and then, from one thread at
  // a time.
  Result<std::size_t> Sweep(std::size_t limit);

 private:
  kv::Store& store_;
  Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::unordered_map<std::string, Time> seen_;  // series key -> when its index entry was last written; bounded
  std::string sweep_cursor_;
};

// "Average", ... or "pNN" with 0 to 100; whether Data can compute it.
bool IsStatistic(std::string_view statistic);
// The value of a statistic of a data point; absent where it is a percentile that is not known.
std::optional<double> ValueOf(const Datapoint& datapoint, std::string_view statistic);

}  // namespace aloft::telemetry
