// Which jobs are this server's: its lease, what other servers wished of its jobs, jobs of servers that are gone, tasks
// that nobody owns.
#include <algorithm>

#include "services/jobs/engine.h"
#include "services/jobs/errors.h"
#include "services/jobs/keys.h"
#include "services/jobs/records.h"

namespace aloft::jobs {
namespace {

// Each server has a lease of its own: it fences a second process of the same server, and says when the server is gone.
std::string LeaseName(const KindNames& names, const std::string& host) {
  return names.kind + ".loop." + host;
}

// One of the tasks of the job's present attempt.
bool IsOfAttempt(const KindNames& names, const Job& job, const compute::TaskId& task) {
  const std::string first = TaskIdOf(names.kind, job, 0);
  return task.value() == first || task.value().starts_with(first + ".");
}

}  // namespace

// Gets or keeps the lease, and wakes every live job now and then: those that an earlier process left, those of which
// another server wished something.
Result<work::Again> Engine::StepLease() {
  std::optional<work::Lease> held = HeldLease();
  std::optional<work::Lease> next;
  bool acquired = false;
  if (held) {
    auto renewed = leases_.Renew(*held, options_.lease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    if (renewed.ok()) next = *renewed;
  } else {
    ALOFT_ASSIGN(next, leases_.Acquire(LeaseName(names_, options_.holder), options_.holder, options_.lease));
    acquired = next.has_value();
  }
  {
    std::lock_guard lock(mutex_);
    lease_ = next;
    if (!next) live_.clear();
  }
  bool shared = d_.database.engine() != sql::Engine::kSqlite;
  auto rescan =
      shared ? std::min<std::chrono::microseconds>(options_.rescan, std::chrono::seconds(1)) : options_.rescan;
  if (options_.on_rescan) options_.on_rescan();
  if (!next) return work::Again{rescan};
  if (acquired) ALOFT_TRY(RemoveStrayTasks());
  ALOFT_TRY(TakeOver());
  ALOFT_ASSIGN(std::vector<JobKey> jobs,
               d_.database.Read([&](sql::Reader& reader) { return LiveJobs(reader, names_, options_.holder); }));
  for (const JobKey& job : jobs) loop_.Wake(LoopKey(job));
  return work::Again{rescan};
}

// Jobs of servers that are gone become ours: one that was never started is started here, one whose task ran there was
// lost.
Status Engine::TakeOver() {
  ALOFT_ASSIGN(std::vector<std::string> hosts,
               d_.database.Read([&](sql::Reader& reader) { return OtherHosts(reader, names_, options_.holder); }));
  for (const std::string& host : hosts) {
    ALOFT_ASSIGN(std::optional<work::Lease> lease,
                 leases_.Acquire(LeaseName(names_, host), options_.holder, options_.lease));
    if (!lease) continue;
    // Its new epoch fences the other server off; it may come back as its own successor at any time.
    ALOFT_TRY(d_.database.Write([&](sql::Transaction& t) -> Status {
      ALOFT_TRY(work::CheckLease(t, *lease));
      return MoveJobs(t, names_, host, options_.holder);
    }));
    ALOFT_TRY(leases_.Release(*lease));
    d_.log.Warn("took over the jobs of a server that is gone", {{"kind", names_.kind}, {"server", host}});
  }
  return {};
}

// Tasks whose job is not ours or has ended: left by a take-over, or by records that were restored from a backup.
Status Engine::RemoveStrayTasks() {
  ALOFT_ASSIGN(std::vector<compute::TaskId> tasks, d_.backend.List());
  for (const compute::TaskId& task : tasks) {
    std::optional<JobKey> key = JobOfTask(names_.kind, task.value());
    if (!key) continue;
    auto job = d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, names_, key->scope, key->name); });
    if (!job.ok() && job.error().reason != kNoSuchJob) return std::move(job).error();
    bool ours = job.ok() && job->host == options_.holder && !job->state.cleaned && IsOfAttempt(names_, *job, task);
    if (ours) continue;
    d_.log.Warn("removing a task without a living job", {{"task", task.value()}});
    ALOFT_TRY(d_.backend.Remove(task));
  }
  return {};
}

}  // namespace aloft::jobs
