#include "services/serving/routing/meter.h"

#include <algorithm>
#include <cmath>

#include "services/serving/endpoints/component_name.h"

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
  int kind = sample.status >= 400 && sample.status < 500 ? 1 : sample.status >= 500 || sample.status < 100 ? 2 : 0;
  std::lock_guard lock(mutex_);
  Key key{scope.account.value(), scope.region.value(), endpoint, variant};
  if (const Instruments* shown = InstrumentsOf(key)) {
    shown->by_class[kind]->Increment();
    shown->model->Observe(std::chrono::duration<double>(sample.model).count());
    shown->overhead->Observe(std::chrono::duration<double>(sample.overhead).count());
    shown->depth->Set(sample.depth);
    if (sample.batch > 1) shown->batched->Increment();
  }
  Series& series = series_[std::move(key)];
  series.batches[sample.batch] += 1;
  series.deepest = std::max<double>(series.deepest, sample.depth);
  series.model[model] += 1;
  series.overhead[overhead] += 1;
  series.invocations += 1;
  if (kind == 1) series.client_errors += 1;
  if (kind == 2) series.server_errors += 1;
}

const Meter::Instruments* Meter::InstrumentsOf(const Key& key) {
  if (metrics_ == nullptr) return nullptr;
  auto found = instruments_.find(key);
  if (found != instruments_.end()) return &found->second;
  const bool full = instruments_.size() >= max_series_;
  Key shown = full ? Key{"", "", "other", "other"} : key;
  Instruments& made = instruments_[shown];
  if (made.model != nullptr) return &made;
  if (IsComponentKey(shown.endpoint)) shown.endpoint = "inference-component/" + ComponentOf(shown.endpoint);
  Labels labels = {
      {"account", shown.account}, {"region", shown.region}, {"endpoint", shown.endpoint}, {"variant", shown.variant}};
  constexpr const char* kClasses[] = {"2xx", "4xx", "5xx"};
  for (int i = 0; i < 3; ++i) {
    Labels with = labels;
    with["status"] = kClasses[i];
    made.by_class[i] =
        &metrics_->AddCounter("aloft_endpoint_invocations_total", "Invocations answered by models", with);
  }
  made.model =
      &metrics_->AddHistogram("aloft_endpoint_model_seconds", "From the worker's request to its answer", labels);
  made.overhead = &metrics_->AddHistogram("aloft_endpoint_overhead_seconds", "In the server before the worker", labels);
  made.batched = &metrics_->AddCounter("aloft_endpoint_batched_total", "Invocations answered in a batch", labels);
  made.depth = &metrics_->AddGauge("aloft_endpoint_queue_depth", "Invocations waiting and running", labels);
  return &made;
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
      if (IsComponentKey(key.endpoint))
        made.metric.dimensions = {{"InferenceComponentName", ComponentOf(key.endpoint)}};
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
    auto values = [&](const char* name, const char* unit, const std::map<double, double>& counts) {
      telemetry::MetricPoint& made = point(name, unit);
      for (const auto& [value, times] : counts) {
        made.values.push_back(value);
        made.counts.push_back(times);
      }
    };
    values("ModelLatency", "Microseconds", series.model);
    values("OverheadLatency", "Microseconds", series.overhead);
    // Ours: AWS has no such metrics.
    values("BatchSize", "Count", series.batches);
    point("QueueDepth", "Count").statistics =
        telemetry::StatisticSet{1, series.deepest, series.deepest, series.deepest};
    result.emplace_back(telemetry::Scope{AccountId(key.account), Region(key.region)}, std::move(points));
  }
  return result;
}

}  // namespace aloft::serving
