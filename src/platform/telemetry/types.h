// The words that log streams and metric series share.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"

namespace aloft::telemetry {

// Whose telemetry. Nothing is ever looked up across scopes.
struct Scope {
  AccountId account{};
  Region region{};
};

struct LogGroup {
  std::string name{};
  Time created{};
  std::optional<int> retention_days{};  // absent: for ever
  std::string log_group_class = "STANDARD";
};

struct LogStream {
  std::string name{};
  Time created{};
  std::optional<Time> first_event{}, last_event{}, last_ingestion{};
  std::uint64_t stored_bytes = 0;  // of messages
  std::uint64_t acknowledged = 0;  // LogStore::AppendAt: position up to which a task's log is stored
};

// What a writer sends. Times have milliseconds.
struct LogEvent {
  Time timestamp{};
  std::string message{};
};

struct StoredLogEvent {
  Time timestamp{}, ingestion{};
  std::string message{};
  std::string stream{};
  std::string event_id{};  // decimal digits, unique in its group, ordered as the events are
};

// Metric dimensions, at most 30; the map's order is their canonical order.
using Dimensions = std::map<std::string, std::string>;

struct MetricName {
  std::string metric_namespace{}, name{};
  Dimensions dimensions{};
  friend auto operator<=>(const MetricName&, const MetricName&) = default;
};

// Observations summed up; `sample_count` of them lie between `minimum` and `maximum`.
struct StatisticSet {
  double sample_count = 0, sum = 0, minimum = 0, maximum = 0;
};

// One observation, or several made at the same time: either `values` (with `counts`, or each counted once), or
// `statistics`.
struct MetricPoint {
  MetricName metric{};
  std::optional<Time> timestamp{};  // absent: now
  std::string unit = "None";
  std::vector<double> values{}, counts{};
  std::optional<StatisticSet> statistics{};
  // Makes putting it again harmless: the same series, time and identity is the same point. Absent: always another one.
  std::optional<std::uint64_t> identity{};
};

struct Datapoint {
  Time timestamp{};  // where its period begins
  std::string unit{};
  StatisticSet statistics;
  std::map<std::string, double> percentiles;  // "p99" -> value; absent where only sums of several values are stored
};

}  // namespace aloft::telemetry
