// The operations; the loop is runner.cc.
#include "services/jobs/engine.h"

#include "services/jobs/errors.h"
#include "services/jobs/events.h"
#include "services/jobs/keys.h"
#include "services/jobs/messages.h"
#include "services/jobs/records.h"

namespace aloft::jobs {
namespace {

constexpr int kWriteAttempts = 16;

}  // namespace

Status Engine::Create(Job job, const resources::Tags& tags) {
  job.modified = job.created;
  job.revision = 1;
  job.host = options_.holder;
  ALOFT_TRY(Move(job.state, Secondary::kStarting, job.created, "Starting the " + names_.noun));
  ALOFT_TRY(d_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(InsertJob(t, names_, job));
    return resources::PutTags(t, ArnOf(names_, job.scope, job.name), tags);
  }));
  loop_.Wake(LoopKey({job.scope, job.name}));
  return {};
}

Result<Job> Engine::Load(const Scope& scope, const std::string& name) {
  return d_.database.Read([&](sql::Reader& reader) { return LoadVisibleJob(reader, names_, scope, name); });
}

Result<bool> Engine::IsTaken(const Scope& scope, const std::string& name) {
  auto job = d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, names_, scope, name); });
  if (job.ok()) return true;
  if (job.error().reason == kNoSuchJob) return false;
  return std::move(job).error();
}

// `change` says whether it changed anything. Repeated where the loop was quicker.
Status Engine::Change(const Scope& scope, const std::string& name,
                      const std::function<Result<bool>(Job&, Time)>& change) {
  for (int attempt = 0; attempt < kWriteAttempts; ++attempt) {
    Time now = d_.clock.Now();
    Status changed = d_.database.Write([&](sql::Transaction& t) -> Status {
      ALOFT_ASSIGN(Job job, LoadVisibleJob(t, names_, scope, name));
      ALOFT_ASSIGN(bool any, change(job, now));
      if (!any) return {};
      return UpdateJob(t, names_, job, now);
    });
    if (!changed.ok() && changed.error().reason == kChangedMeanwhile) continue;
    if (changed.ok()) loop_.Wake(LoopKey({scope, name}));
    return changed;
  }
  return Fail(kUnavailable, "The " + names_.noun + " is being changed; try again");
}

// The wish is durable when this returns; the loop carries it out.
Status Engine::Stop(const Scope& scope, const std::string& name) {
  return Change(scope, name, [&](Job& job, Time now) -> Result<bool> {
    if (IsTerminal(job.state.secondary))
      return Fail(kJobEnded, messages::AlreadyEnded(names_.noun, std::string(PrimaryOf(job.state.secondary))));
    if (job.state.stop_wished) return false;
    job.state.stop_wished = true;
    ALOFT_TRY(Move(job.state, Secondary::kStopping, now, "Stopping the " + names_.noun));
    return true;
  });
}

Status Engine::Interrupt(const Scope& scope, const std::string& name, std::chrono::seconds pause) {
  return Change(scope, name, [&](Job& job, Time now) -> Result<bool> {
    ALOFT_ASSIGN(Terms terms, kind_.TermsOf(job));
    if (!terms.max_wait)
      return Fail(kBadJob, "The " + names_.noun + " " + name +
                               " does not allow interruptions: it was made without managed spot training.");
    if (IsTerminal(job.state.secondary) || job.state.stop_wished || !job.state.attempt_started)
      return Fail(kBadJob, "The " + names_.noun + " " + name + " does not run now: it is in status " +
                               std::string(ToString(job.state.secondary)) + ".");
    if (job.state.interrupt_wished) return false;
    job.state.interrupt_wished = true;
    job.state.not_before = now + pause;
    return true;
  });
}

Status Engine::Delete(const Scope& scope, const std::string& name) {
  return Change(scope, name, [&](Job& job, Time) -> Result<bool> {
    if (!IsTerminal(job.state.secondary))
      return Fail(kJobLives, "The request was rejected because the " + names_.noun + " is in status " +
                                 std::string(PrimaryOf(job.state.secondary)) + ". Stop it first.");
    if (job.state.pool.status == WarmPool::Status::kAvailable)
      return Fail(kJobLives, "The request was rejected because the " + names_.noun +
                                 " retains an Available warm pool. Set its KeepAlivePeriodInSeconds to 0 first.");
    job.state.deleted = true;
    return true;
  });
}

}  // namespace aloft::jobs
