// What invocations count as, per endpoint and variant: AWS/SageMaker's metrics until the metric store takes them, and
// the server's own /metrics at once. docs/serving.md lists the names.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/metrics.h"
#include "platform/telemetry/types.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

struct Sample {
  std::chrono::microseconds model{0};     // from sending to the worker to its answer
  std::chrono::microseconds overhead{0};  // the rest of the time in the server
  int status = 200;                       // of the model
  int depth = 0;                          // requests of the endpoint, waiting and running, when this one was answered
  int batch = 1;                          // requests that the worker answered together with this one, itself included
};

// Thread-safe. Latencies are kept to three digits, so that percentiles stay exact enough and memory stays bounded.
class Meter {
 public:
  // `metrics`: of /metrics; outlives the meter; null: none. At most `max_series` variants have series of their own
  // there, for as long as the server runs; what comes later counts under the endpoint "other".
  explicit Meter(Metrics* metrics = nullptr, std::size_t max_series = 256)
      : metrics_(metrics), max_series_(max_series) {}

  void Record(const Scope& scope, const std::string& endpoint, const std::string& variant, const Sample& sample);

  // What was recorded since the last call, for MetricStore::Put.
  std::vector<std::pair<telemetry::Scope, std::vector<telemetry::MetricPoint>>> Take();

 private:
  struct Instruments {
    Counter* by_class[3] = {};  // 2xx, 4xx, 5xx
    Histogram* model = nullptr;
    Histogram* overhead = nullptr;
    Counter* batched = nullptr;
    Gauge* depth = nullptr;
  };
  struct Series {
    std::map<double, double> model, overhead;  // micros -> how often
    std::map<double, double> batches;          // size -> how often
    double invocations = 0, client_errors = 0, server_errors = 0, deepest = 0;
  };
  struct Key {
    std::string account, region, endpoint, variant;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  // With the lock. Null where there is no /metrics.
  const Instruments* InstrumentsOf(const Key& key);

  Metrics* const metrics_;
  const std::size_t max_series_;
  std::mutex mutex_;
  std::map<Key, Series> series_;
  std::map<Key, Instruments> instruments_;
};

}  // namespace aloft::serving
