// Carries out the jobs of one kind. Thread-safe. The operations read and write the database on the calling thread;
// everything that takes time is done by the engine's loop: it starts tasks, copies their logs, records each move of the
// status machine, and removes tasks. A process may die at any moment; the next one finds every job as it is.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/compute/backend.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/jobs/kind.h"
#include "services/jobs/policy.h"
#include "services/resources/tags.h"

namespace aloft::jobs {

// Each reference outlives the engine.
struct EngineDependencies {
  sql::Database& database;
  compute::Backend& backend;
  telemetry::LogStore& logs;
  const Clock& clock;
  Random& random;
  Log log;
  telemetry::MetricStore* metrics = nullptr;  // what the tasks use goes there; absent: nowhere
};

struct EngineOptions {
  // Which server we are: the same over restarts, another one for each server that shares a database. A job belongs to
  // the server that took it, because its tasks run there.
  std::string holder = "server";
  // A server that has not been heard of for this long is gone; another takes its jobs over.
  std::chrono::microseconds lease = std::chrono::minutes(5);
  // How often to look for what other servers wished of our jobs; a second at most on a shared database.
  std::chrono::microseconds rescan = std::chrono::seconds(10);
  int threads = 2;
  // Called now and then on a thread of the loop; what it reads of a shared database is known here soon.
  std::function<void()> on_rescan{};
};

class Engine {
 public:
  Engine(EngineDependencies dependencies, const Kind& kind, EngineOptions options);
  ~Engine();  // stops

  // Scope, name, created, document and state.environment are the caller's. kJobExists. Durable when it returns.
  Status Create(Job job, const resources::Tags& tags);
  // kNoSuchJob, here and below; deleted jobs are no jobs.
  Result<Job> Load(const Scope& scope, const std::string& name);
  // Whether the name is free: a deleted job keeps its own.
  Result<bool> IsTaken(const Scope& scope, const std::string& name);
  // kJobEnded. Asking again while it stops is fine.
  Status Stop(const Scope& scope, const std::string& name);
  // Takes the machine away from a job that allows it (Terms::max_wait): SIGTERM, the grace, then it waits for `pause`
  // and starts again. kBadJob where it does not allow it or does not run.
  Status Interrupt(const Scope& scope, const std::string& name, std::chrono::seconds pause);
  // One of a job's tasks should give its place to a job of higher priority: interrupts the job, soon. For compute's
  // on_interrupt; other kinds' tasks are ignored.
  void OnTaskUnwanted(const compute::TaskId& id);
  // How long the hosts' room is kept after the job's end; 0: no longer. kBadJob where the job keeps none.
  Status KeepWarm(const Scope& scope, const std::string& name, std::chrono::seconds keep_alive);
  // kJobLives.
  Status Delete(const Scope& scope, const std::string& name);

  void Start();  // takes up what an earlier process left
  void Stop();
  // For compute's on_change; other tasks are ignored.
  void OnTaskChanged(const compute::TaskId& id);

  // For tests, instead of Start: does what is due on this thread; returns how many steps. Call Resume() first.
  std::size_t RunDue(std::size_t most) { return loop_.RunDue(most); }
  // Makes the loop look for its lease and its jobs now.
  void Resume();

 private:
  struct Live;  // what the loop keeps in memory about one attempt

  Result<work::Again> Step(const std::string& key);
  Result<work::Again> StepLease();
  Status TakeOver();
  Status RemoveStrayTasks();
  Result<work::Again> StepJob(const JobKey& key);
  Result<work::Again> StepUnwanted(const JobKey& key);
  Result<work::Again> Act(Job& job, Live& live, bool& again);
  Status Perform(const Action& action, Job& job, Live& live, const Hosts& hosts);
  Result<Hosts> Observe(const Job& job, const Live& live);
  Result<bool> CopyLogs(Job& job, Live& live, const Hosts& hosts);
  Result<bool> CopyLog(Job& job, Live& live, int host);
  Status Reclaim(Job& job);
  void CopyUsage(const Job& job, Live& live, const Hosts& hosts);
  bool CopyChunk(const Job& job, const compute::TaskId& task, const telemetry::MetricName& metric,
                 std::uint64_t& offset);
  Status StartTasks(Job& job);
  Status TellTasks(const Job& job, const Live& live, compute::StopMode mode);
  Status RemoveTasks(const Job& job, const Live& live);
  Status TakeRoom(Job& job, const std::string& room_of);
  Status Advance(Job& job, const Hosts& hosts);
  Status Finish(Job& job, const Live& live, const Hosts& hosts);
  Status End(Job& job, Secondary status, std::string reason, std::string message);
  Status NextAttempt(Job& job, const Live& live, Secondary why, std::string message);
  Status Change(const Scope& scope, const std::string& name, const std::function<Result<bool>(Job&, Time)>& change);
  Status Save(Job& job);
  Result<std::shared_ptr<Live>> LiveOf(const Job& job);
  void Forget(const Job& job);
  std::optional<work::Lease> HeldLease();

  const EngineDependencies d_;
  const Kind& kind_;
  const KindNames& names_;
  const EngineOptions options_;
  work::Leases leases_;
  std::mutex mutex_;
  std::optional<work::Lease> lease_;
  std::map<std::string, std::shared_ptr<Live>> live_;  // by the first host's task id
  work::Loop loop_;
};

}  // namespace aloft::jobs
