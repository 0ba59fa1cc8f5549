// Keeps endpoints as they are wished: the thin loop around policy.h.
//
// One step looks at one endpoint: its record, its tasks, their health. It decides, acts, and says when to look again. A
// restart repeats the wish and finds the world as it is.
//
// Of several servers over one database, the one that holds the lease acts; the others only look, so that they answer
// invocations too.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/sql/database.h"
#include "platform/compute/backend.h"
#include "platform/compute/runtimes.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/serving/endpoints/policy.h"
#include "services/serving/endpoints/records.h"
#include "services/serving/routing/capture.h"
#include "services/serving/routing/meter.h"
#include "services/serving/routing/router.h"
#include "services/serving/workers/health.h"
#include "services/serving/workers/log_shipper.h"
#include "services/serving/workers/usage_copy.h"

namespace aloft::serving {

inline constexpr std::chrono::seconds kEndAgain{1};  // until a worker that could not be ended is ended again

class Keeper {
 public:
  struct Collaborators {
    sql::Database& database;
    const compute::RuntimeTable& runtimes;
    compute::Backend& backend;
    WorkerClient& workers;
    telemetry::LogStore& logs;
    telemetry::MetricStore& metrics;
    Router& router;
    Meter& meter;
    Capture& capture;
    const Clock& clock;
    Random& random;
    AlarmFires alarm_fires{};
  };

  struct Options {
    std::chrono::seconds drain{60};
    std::chrono::seconds serverless_idle{300};  // without a request: then a serverless variant sleeps
    std::string holder = "server";              // who we are for the lease: stays the same over restarts of one server
    std::chrono::seconds lease{15};
    std::chrono::seconds rescan{1};  // looks for endpoints that another server changed
  };

  Keeper(Collaborators collaborators, Options options, Log log);
  ~Keeper();  // Stop()

  // Takes the lease if it is free, and wakes what there is. RunDue and Start step it.
  Status Resume();
  void Start();
  void Stop();
  void Wake(const Scope& scope, const std::string& endpoint);
  void OnTaskChange(const compute::TaskId& task);
  // A request waits for a worker.
  void OnWaiting(const Scope& scope, const std::string& endpoint);
  // A request found nobody to answer: where another server keeps the endpoints, reads what it wrote, without waiting
  // for the next look. Reads the database on the calling thread.
  void CatchUp(const Scope& scope, const std::string& endpoint);
  // A request could not reach that worker.
  void Suspect(const compute::TaskId& task);

  // For tests, instead of Start.
  std::size_t RunDue() { return loop_->RunDue(); }

 private:
  // What is known of an endpoint beside its record, and lost with the process.
  struct Retired {
    WorkerName worker;
    Time from, until;  // ended after `from` when nobody uses it, after `until` anyway
  };
  struct Memory {
    std::vector<Retired> retired;
    std::map<compute::TaskId, std::string> cannot_start;  // why
    std::string published;                                // what the router has, to publish only changes
    bool adopted = false;
    std::int64_t revision = 0;  // that was looked at last
    // Since when no request came, and how many had come until then.
    std::uint64_t admitted = 0;
    Time idle_since{};
  };
  struct Step;  // one look at one endpoint, keeper_step.cc

  Result<work::Again> Look(const std::string& key);
  Result<work::Again> LookAtEndpoint(const std::string& key);
  // Gets or keeps the lease.
  Result<work::Again> StepLease();
  // Wakes the endpoints that were changed since they were looked at, by whomever.
  Result<work::Again> Rescan();
  // Ends workers that belong to no endpoint.
  Status EndOrphans();
  std::optional<work::Lease> HeldLease();
  Result<work::Again> FlushMetrics();
  Result<work::Again> TickWaiting();
  Result<work::Again> FlushCapture();
  // Whether it is gone; else it has to be tried again, because what is left of it takes room from others.
  [[nodiscard]] bool EndWorker(const WorkerName& worker);
  Memory& MemoryOf(const std::string& key);

  const Collaborators with_;
  const Options options_;
  const Log log_;
  std::vector<WorkerName> orphans_;  // that could not be ended yet; of the lease's step alone
  LogShipper shipper_;
  UsageCopy usage_;
  work::Leases leases_;
  std::mutex mutex_;
  std::optional<work::Lease> lease_;
  std::map<std::string, std::unique_ptr<Memory>> memories_;
  const std::shared_ptr<work::Loop> loop_;  // answers to pings may come after the keeper is gone
  Health health_;
};

}  // namespace aloft::serving
