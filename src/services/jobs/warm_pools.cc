// Warm pools: how the room of a job's hosts goes on to the next job. The tasks of an ended job keep it in compute
// (TaskSpec::keep_room); what is recorded here says until when, and who has it now.
#include "services/jobs/warm_pools.h"

#include <algorithm>

#include "services/jobs/engine.h"
#include "services/jobs/errors.h"

namespace aloft::jobs {
namespace {

using Pool = WarmPool::Status;

Time EndOf(const WarmPool& pool) {
  return std::min<Time>(*pool.since + pool.keep_alive, pool.first.value_or(*pool.since) + kLongestWarmPool);
}

}  // namespace

void KeepRoom(JobState& state) {
  WarmPool& pool = state.pool;
  if (pool.status != Pool::kInUse) return;
  pool.since = state.ended;
  if (!pool.first) pool.first = pool.since;
  pool.until = EndOf(pool);
  // What the machine failed is not trusted with the next job.
  const bool healthy =
      !state.failure_reason.starts_with("InternalServerError") && !state.failure_reason.starts_with("CapacityError");
  const bool kept = state.attempt_started && healthy && *pool.until > *pool.since;
  pool.status = kept ? Pool::kAvailable : Pool::kTerminated;
  if (!kept) pool.ended = pool.since;
}

Status Engine::KeepWarm(const Scope& scope, const std::string& name, std::chrono::seconds keep_alive) {
  return Change(scope, name, [&](Job& job, Time now) -> Result<bool> {
    WarmPool& pool = job.state.pool;
    if (pool.status != Pool::kInUse && pool.status != Pool::kAvailable) {
      const std::string status(ToString(pool.status));
      return Fail(kBadJob,
                  "KeepAlivePeriodInSeconds of the " + names_.noun + " " + name + " cannot be changed: " +
                      (status.empty() ? "it was made without a warm pool." : "its warm pool is " + status + "."));
    }
    pool.keep_alive = keep_alive;
    if (pool.status == Pool::kInUse) return true;
    pool.until = std::max(EndOf(pool), *pool.since);
    if (*pool.until <= now) {
      pool.status = Pool::kTerminated;
      pool.ended = now;
    }
    return true;
  });
}

// The room may be had before its last job's end is recorded: compute saw it first.
Status Engine::TakeRoom(Job& job, const std::string& room_of) {
  std::optional<JobKey> from = JobOfTask(names_.kind, room_of);
  if (!from) return {};
  Status taken = Change(from->scope, from->name, [&](Job& before, Time now) -> Result<bool> {
    WarmPool& pool = before.state.pool;
    if (!job.state.pool.first) job.state.pool.first = pool.first.value_or(before.state.ended.value_or(now));
    if (pool.status == Pool::kReused || pool.status == Pool::kNone) return false;
    pool.status = Pool::kReused;
    pool.reused_by = job.name;
    if (!pool.since) pool.since = now;
    pool.ended = std::max(*pool.since, std::min(pool.ended.value_or(now), now));
    return true;
  });
  if (!taken.ok() && taken.error().reason != kNoSuchJob) return taken;
  job.state.room_of = room_of;
  return {};
}

}  // namespace aloft::jobs
