#include "services/serving/meter.h"

#include <algorithm>
#include <cmath>

namespace aloft::serving {
namespace {

// Rounded to three digits.
double Rounded(std::chrono::microseconds time) {
  double value = static_cast<double>(std::max<std::int64_t>(time.count(), 0));
  if (value < 1000) return value;
  double step = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::round(value / step) * step;
}

}  // namespace

void Meter::Record(const Scope& scope, const std::string& endpoint, const std::string& variant, const Sample& sample) {
  double model = Rounded(sample.model);
  double overhead = Rounded(sample.overhead);
  std::lock_guard lock(mutex_);
  Series& series = series_[Key{scope.account.value(), scope.region.value(), endpoint, variant}];
  series.model[model] += 1;
  series.overhead[overhead] += 1;
  series.invocations += 1;
  if (sample.status >= 400 && sample.status < 500) series.client_errors += 1;
  if (sample.status >= 500 || sample.status < 100) series.server_errors += 1;
}

std::vector<std::pair<telemetry::Scope, std::vector<telemetry::MetricPoint>>> Meter::Take() {
  std::map<Key, Series> taken;
  {
    std::lock_guard lock(mutex_);
    taken.swap(series_);
  }
  std::vector<std::pair<telemetry::Scope, std::vector<telemetry::MetricPoint>>> result;
  for (const auto& [key, series] : taken) {
    std::vector<telemetry::MetricPoint> points;
    auto point = [&](const char* name, const char* unit) -> telemetry::MetricPoint& {
      telemetry::MetricPoint& made = points.emplace_back();
      made.metric = {"AWS/SageMaker", name, {{"EndpointName", key.endpoint}, {"VariantName", key.variant}}};
      made.unit = unit;
      return made;
    };
    // Sum counts the events, SampleCount the requests, as CloudWatch shows them.
    auto count = [&](const char* name, double events) {
      point(name, "None").statistics = telemetry::StatisticSet{
          series.invocations, events, events < series.invocations ? 0.0 : 1.0, events > 0 ? 1.0 : 0.0};
    };
    count("Invocations", series.invocations);
    count("Invocation4XXErrors", series.client_errors);
    count("Invocation5XXErrors", series.server_errors);
    count("InvocationModelErrors", series.client_errors + series.server_errors);
    auto latency = [&](const char* name, const std::map<double, double>& counts) {
      telemetry::MetricPoint& made = point(name, "Microseconds");
      for (const auto& [micros, times] : counts) {
        made.values.push_back(micros);
        made.counts.push_back(times);
      }
    };
    latency("ModelLatency", series.model);
    latency("OverheadLatency", series.overhead);
    result.emplace_back(telemetry::Scope{AccountId(key.account), Region(key.region)}, std::move(points));
  }
  return result;
}

}  // namespace aloft::serving
