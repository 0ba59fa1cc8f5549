// Which workers answer for an endpoint now, and the way of an invocation to one of them.
//
// The keeper publishes; requests hold what they use, so that a worker is ended only when nobody waits for it. A request
// that finds no worker waits for one, for a while: a worker that is replaced costs time, not requests. Thread-safe;
// nothing blocks.
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
#include "services/serving/endpoints/types.h"
#include "services/serving/routing/capture.h"
#include "services/serving/routing/invocation.h"
#include "services/serving/routing/meter.h"
#include "services/serving/routing/worker_client.h"

namespace aloft::serving {

struct RoutedWorker {
  compute::TaskId task;
  std::string socket;
  std::string log_stream_arn;
  std::string engine{};                      // Pong's
  std::shared_ptr<std::atomic<int>> load{};  // requests it works on; Publish sets it
};

struct RoutedVariant {
  std::string name;  // during an update two may have the same: the old one and the new one
  double weight = 1;
  std::vector<RoutedWorker> workers;
  bool shadow = false;                           // `weight` is the part of all requests that it gets a copy of
  bool next = false;                             // of the deployment that an update brings up
  std::shared_ptr<const CapturePlan> capture{};  // null: nothing is captured
  bool multi_model = false;                      // requests name their model
  bool direct = false;                           // requests name their container
};

// What answers for an endpoint. Immutable once published.
struct Version {
  std::vector<RoutedVariant> variants;
};

class Router {
 public:
  struct Options {
    int max_invocations_per_endpoint = 512;
    // Of all endpoints together. One that is slow must not use up what others need: each may have at most as much as is
    // still free for all, so that of n that are slow each has a part of n + 1.
    int max_invocations = 1536;
    std::size_t max_bytes_in_flight = 256u << 20;
    std::chrono::milliseconds model_timeout{60'000};
    std::chrono::milliseconds patience{30'000};  // that a request waits for a worker
    int max_shadows_per_endpoint = 32;           // copies that are on their way; more are not made
  };
  struct Hooks {
    // A worker could not be reached: whoever keeps it should look. May be called from any thread.
    std::function<void(const compute::TaskId&)> suspect;
    // An answer of a variant that captures; may be called from any thread.
    std::function<void(const Scope&, const std::string& variant, const CapturePlan&, const Invocation&, const Answer&)>
        answered;
    // A request waits for a worker: call Tick soon, and again while it says that some wait. Where the endpoint sleeps,
    // this is its call.
    std::function<void(const Scope&, const std::string& endpoint)> waiting;
  };

  Router(Options options, WorkerClient& workers, std::shared_ptr<Meter> meter, const Clock& clock, Hooks hooks);

  // `version` null: nobody answers. Requests that wait go to it. `most`: requests at once, where the endpoint has a
  // bound of its own (serverless); 0: the router's.
  void Publish(const Scope& scope, const std::string& endpoint, EndpointStatus status, std::shared_ptr<Version> version,
               int most = 0);
  void Forget(const Scope& scope, const std::string& endpoint);
  // Of an inference component: the endpoint that it belongs to; else empty. `hosts`: requests must name a component.
  void SetHosting(const Scope& scope, const std::string& endpoint, const std::string& host, bool hosts);

  // What is published; null where nobody answers.
  std::shared_ptr<const Version> Published(const Scope& scope, const std::string& endpoint) const;
  // Requests that the endpoint works on, the waiting ones included.
  int InFlight(const Scope& scope, const std::string& endpoint) const;
  // Requests that wait for a worker, and all that ever came since the server started.
  int Waiting(const Scope& scope, const std::string& endpoint) const;
  std::uint64_t Admitted(const Scope& scope, const std::string& endpoint) const;
  // Whether that worker works on a request.
  bool InUse(const Scope& scope, const std::string& endpoint, const compute::TaskId& task) const;

  // An invocation of a component names the component and its endpoint.
  void Invoke(const Scope& scope, Invocation invocation, AnswerDone done);

  // Requests that wait try again, or are refused when their time is over; how many still wait.
  std::size_t Tick();
  // Refuses what waits.
  void Stop();

 private:
  struct Entry;
  class Run;
  std::shared_ptr<Entry> Find(const Scope& scope, const std::string& endpoint) const;
  Status CheckHosting(const Scope& scope, const Invocation& invocation) const;

  const Options options_;
  WorkerClient& workers_;
  const std::shared_ptr<Meter> meter_;
  const Clock& clock_;
  const Hooks hooks_;
  struct Totals {
    std::atomic<int> in_flight{0};
    std::atomic<std::size_t> bytes{0};
  };
  // Why one more of the endpoint's requests is too many; empty: it is not.
  std::string Refusal(const Entry& entry, const std::string& name) const;
  const std::shared_ptr<Totals> totals_ = std::make_shared<Totals>();
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
};

}  // namespace aloft::serving
