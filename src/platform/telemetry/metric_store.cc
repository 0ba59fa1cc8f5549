// Points in, the list of series out; metric_statistics.cc reads the points.
#include "platform/telemetry/metric_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "foundation/base/bytes.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/metric_access.h"

namespace aloft::telemetry {
namespace {

constexpr auto kRetention = std::chrono::hours(24 * 63);
constexpr auto kMaxAhead = std::chrono::hours(2);
constexpr auto kMaxBehind = std::chrono::hours(24 * 14);
// A series' index entry is written again when it is older than this: "recently active" is that exact.
constexpr auto kSeriesRefresh = std::chrono::minutes(10);
constexpr auto kRecentlyActive = std::chrono::hours(3);
constexpr std::size_t kMaxSeen = 100'000;
constexpr std::size_t kScanPage = 1000;
constexpr std::size_t kMaxListed = 100'000;  // series looked at for one page
const double kLargest = std::ldexp(1.0, 360);

Result<PointRecord> Summarise(const MetricPoint& point) {
  auto finite = [](double value) { return std::isfinite(value) && std::abs(value) <= kLargest; };
  PointRecord record;
  record.unit = point.unit.empty() ? "None" : point.unit;
  if (point.statistics) {
    const StatisticSet& set = *point.statistics;
    if (!finite(set.sample_count) || !finite(set.sum) || !finite(set.minimum) || !finite(set.maximum))
      return Fail(kInvalidParameter, "The statistic values must be finite numbers.");
    if (set.sample_count <= 0 || set.minimum > set.maximum)
      return Fail(kInvalidParameter, "SampleCount must be greater than 0 and Minimum no greater than Maximum.");
    record.statistics = set;
    return record;
  }
  if (point.values.empty()) return Fail(kInvalidParameter, "A datum needs a Value, Values or StatisticValues.");
  if (!point.counts.empty() && point.counts.size() != point.values.size())
    return Fail(kInvalidParameter, "The parameters Values and Counts must be of the same size.");
  StatisticSet& set = record.statistics;
  set.minimum = set.maximum = point.values[0];
  for (std::size_t i = 0; i < point.values.size(); ++i) {
    double value = point.values[i], count = point.counts.empty() ? 1 : point.counts[i];
    if (!finite(value) || !finite(count) || count < 0)
      return Fail(kInvalidParameter, "Values and Counts must be finite numbers, Counts not below 0.");
    set.sample_count += count;
    set.sum += value * count;
    set.minimum = std::min(set.minimum, value);
    set.maximum = std::max(set.maximum, value);
  }
  record.values = point.values;
  record.counts = point.counts;
  return record;
}

bool Matches(const MetricName& metric, const ListQuery& query) {
  if (!query.metric_namespace.empty() && metric.metric_namespace != query.metric_namespace) return false;
  if (!query.name.empty() && metric.name != query.name) return false;
  return std::all_of(query.dimensions.begin(), query.dimensions.end(), [&](const auto& wanted) {
    auto found = metric.dimensions.find(wanted.first);
    return found != metric.dimensions.end() && (wanted.second.empty() || found->second == wanted.second);
  });
}

}  // namespace

std::string SeriesKey(const Scope& scope, const MetricName& metric) {
  KeyWriter key(ScopeKey(scope));
  key.Text(metric.metric_namespace).Text(metric.name).Number(metric.dimensions.size());
  for (const auto& [name, value] : metric.dimensions) key.Text(name).Text(value);
  return key.Take();
}

MetricName MetricOf(std::string_view series_key) {
  KeyReader reader(series_key);
  reader.Text();
  reader.Text();
  MetricName metric;
  metric.metric_namespace = reader.Text();
  metric.name = reader.Text();
  for (std::uint64_t left = reader.Number(); left > 0 && reader.ok(); --left) {
    std::string name = reader.Text();
    metric.dimensions[std::move(name)] = reader.Text();
  }
  return metric;
}

MetricStore::MetricStore(kv::Store& store, Clock& clock, Random& random)
    : store_(store), clock_(clock), random_(random) {}

Status MetricStore::Put(const Scope& scope, std::span<const MetricPoint> points) {
  Time now = clock_.Now();
  kv::Batch batch;
  std::vector<std::string> refreshed;
  for (const MetricPoint& point : points) {
    Time at = point.timestamp.value_or(now);
    if (at < now - kMaxBehind || at > now + kMaxAhead)
      return Fail(kInvalidParameter,
                  "The Timestamp must be at most two weeks in the past and at most two hours in the future.");
    ALOFT_ASSIGN(PointRecord record, Summarise(point));
    std::string key = SeriesKey(scope, point.metric);
    batch.Put(kPointSpace,
              KeyWriter(key)
                  .Number(static_cast<std::uint64_t>(ToMicros(at)))
                  .Number(point.identity ? *point.identity : random_.Next())
                  .Take(),
              Encode(record));
    std::lock_guard lock(mutex_);
    auto seen = seen_.find(key);
    if (seen == seen_.end() || seen->second + kSeriesRefresh <= now) {
      batch.Put(kSeriesSpace, key, Encode(SeriesRecord{now}));
      refreshed.push_back(std::move(key));
    }
  }
  if (batch.writes.empty()) return {};
  ALOFT_TRY(store_.Apply(std::move(batch)));
  std::lock_guard lock(mutex_);
  if (seen_.size() + refreshed.size() > kMaxSeen) seen_.clear();
  for (std::string& key : refreshed) seen_[std::move(key)] = now;
  return {};
}

Result<ListPage> MetricStore::List(const Scope& scope, const ListQuery& query) {
  Time oldest =
      clock_.Now() - (query.recently_active ? std::chrono::hours(kRecentlyActive) : std::chrono::hours(kMaxBehind));
  KeyWriter start(ScopeKey(scope));
  if (!query.metric_namespace.empty()) {
    start.Text(query.metric_namespace);
    if (!query.name.empty()) start.Text(query.name);
  }
  kv::ScanRange range;
  range.from = start.Take();
  range.to = PrefixEnd(range.from);
  range.limit = kScanPage;
  if (!query.token.empty()) {
    auto after = HexDecode(query.token);
    if (!after || *after < range.from || *after >= range.to)
      return Fail(kInvalidToken, "The specified NextToken is invalid.");
    range.from = *after + '\0';
  }
  ListPage page;
  std::string last;
  for (std::size_t looked = 0;;) {
    ALOFT_ASSIGN(kv::ScanPage scanned, store_.Scan(kSeriesSpace, range));
    for (const kv::Entry& entry : scanned.entries) {
      ALOFT_ASSIGN(SeriesRecord record, DecodeSeries(entry.value));
      MetricName metric = MetricOf(entry.key);
      if (record.last_seen >= oldest && Matches(metric, query)) {
        if (page.metrics.size() == query.limit) {
          page.next_token = HexEncode(AsBytes(last));
          return page;
        }
        page.metrics.push_back(std::move(metric));
      }
      last = entry.key;
    }
    if (!scanned.more) return page;
    looked += scanned.entries.size();
    if (looked >= kMaxListed) {
      page.next_token = HexEncode(AsBytes(last));
      return page;
    }
    range.from = last + '\0';
  }
}

Result<std::size_t> MetricStore::Sweep(std::size_t limit) {
  auto oldest = static_cast<std::uint64_t>(ToMicros(clock_.Now() - kRetention));
  std::size_t removed = 0;
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kSeriesSpace, {.from = sweep_cursor_, .limit = kScanPage}));
  for (const kv::Entry& entry : page.entries) {
    if (removed >= limit) return removed;
    sweep_cursor_ = entry.key + '\0';
    kv::ScanRange range;
    range.from = entry.key;
    range.to = KeyWriter(entry.key).Number(oldest).Take();
    range.limit = std::min<std::size_t>(limit - removed, kScanPage);
    range.keys_only = true;
    ALOFT_ASSIGN(kv::ScanPage expired, store_.Scan(kPointSpace, range));
    kv::Batch batch;
    for (kv::Entry& point : expired.entries) batch.Delete(kPointSpace, std::move(point.key));
    ALOFT_ASSIGN(SeriesRecord record, DecodeSeries(entry.value));
    if (!expired.more && static_cast<std::uint64_t>(ToMicros(record.last_seen)) < oldest) {
      batch.Expect(kSeriesSpace, entry.key, entry.version);
      batch.Delete(kSeriesSpace, entry.key);
    }
    if (batch.writes.empty()) continue;
    removed += batch.writes.size();
    auto applied = store_.Apply(std::move(batch));
    if (!applied.ok() && applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  if (!page.more) sweep_cursor_.clear();
  return removed;
}

}  // namespace aloft::telemetry
