// What invocations count as, per endpoint and variant, until the metric store takes it: AWS/SageMaker's metrics.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "platform/telemetry/types.h"
#include "services/serving/types.h"

namespace aloft::serving {

struct Sample {
  std::chrono::microseconds model{0};     // from sending to the worker to its answer
  std::chrono::microseconds overhead{0};  // the rest of the time in the server
  int status = 200;                       // of the model
};

// Thread-safe. Latencies are kept to three digits, so that percentiles stay exact enough and memory stays bounded.
class Meter {
 public:
  void Record(const Scope& scope, const std::string& endpoint, const std::string& variant, const Sample& sample);

  // What was recorded since the last call, for MetricStore::Put.
  std::vector<std::pair<telemetry::Scope, std::vector<telemetry::MetricPoint>>> Take();

 private:
  struct Series {
    std::map<double, double> model, overhead;  // micros -> how often
    double invocations = 0, client_errors = 0, server_errors = 0;
  };
  struct Key {
    std::string account, region, endpoint, variant;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  std::mutex mutex_;
  std::map<Key, Series> series_;
};

}  // namespace aloft::serving
