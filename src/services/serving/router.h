// Which workers answer for an endpoint now, and the way of an invocation to one of them.
//
// The keeper publishes; requests hold what they use, so that a generation's workers are ended only when nobody waits
// for them. Thread-safe; nothing blocks.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "platform/compute/task.h"
#include "services/serving/invocation.h"
#include "services/serving/meter.h"
#include "services/serving/types.h"
#include "services/serving/worker_client.h"

namespace aloft::serving {

struct RoutedWorker {
  compute::TaskId task;
  std::string socket;
  std::string log_stream_arn;
  std::shared_ptr<std::atomic<int>> load = std::make_shared<std::atomic<int>>(0);  // requests it works on
};

struct RoutedVariant {
  std::string name;
  double weight = 1;
  std::vector<RoutedWorker> workers;
};

// What answers: one generation of an endpoint. Immutable once published.
struct Version {
  int generation = 0;
  std::vector<RoutedVariant> variants;
};

class Router {
 public:
  struct Options {
    int max_invocations_per_endpoint = 512;
    std::size_t max_bytes_in_flight = 256u << 20;
    std::chrono::milliseconds model_timeout{60'000};
  };
  // A worker could not be reached: whoever keeps it should look. May be called from any thread.
  using Suspect = std::function<void(const compute::TaskId&)>;

  Router(Options options, WorkerClient& workers, std::shared_ptr<Meter> meter, const Clock& clock, Suspect suspect);

  // `version` null: nobody answers.
  void Publish(const Scope& scope, const std::string& endpoint, EndpointStatus status,
               std::shared_ptr<const Version> version);
  void Forget(const Scope& scope, const std::string& endpoint);

  // What is published; null where nobody answers.
  std::shared_ptr<const Version> Published(const Scope& scope, const std::string& endpoint) const;
  // Requests that the endpoint works on.
  int InFlight(const Scope& scope, const std::string& endpoint) const;
  // Whether a request still waits for a worker of that generation.
  bool InUse(const Scope& scope, const std::string& endpoint, int generation) const;

  void Invoke(const Scope& scope, Invocation invocation, AnswerDone done);

 private:
  struct Entry;
  class Run;
  std::shared_ptr<Entry> Find(const Scope& scope, const std::string& endpoint) const;

  const Options options_;
  WorkerClient& workers_;
  const std::shared_ptr<Meter> meter_;
  const Clock& clock_;
  const Suspect suspect_;
  const std::shared_ptr<std::atomic<std::size_t>> bytes_ = std::make_shared<std::atomic<std::size_t>>(0);
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
};

}  // namespace aloft::serving
