// The loop: observes, decides (policy.h), acts, records. Every step can be repeated: effects outside are looked up or
// idempotent, and a record is written only with the lease's epoch and the revision that was read.
#include <algorithm>

#include "foundation/base/fault_point.h"
#include "foundation/codec/time.h"
#include "platform/compute/errors.h"
#include "services/jobs/engine.h"
#include "services/jobs/errors.h"
#include "services/jobs/keys.h"
#include "services/jobs/live.h"
#include "services/jobs/outcome.h"
#include "services/jobs/records.h"

namespace aloft::jobs {
namespace {

constexpr int kActionsPerStep = 12;  // of one job before the others
constexpr auto kSoon = std::chrono::milliseconds(1);
constexpr std::string_view kUnwanted = "unwanted ";  // before a job's key: it is to leave
constexpr auto kUntilItRuns = std::chrono::milliseconds(200);

}  // namespace

Engine::Engine(EngineDependencies dependencies, const Kind& kind, EngineOptions options)
    : d_(std::move(dependencies)),
      kind_(kind),
      names_(kind.names()),
      options_(std::move(options)),
      leases_(d_.database, d_.clock),
      loop_(
          {.name = names_.kind, .threads = options_.threads}, [this](const std::string& key) { return Step(key); },
          d_.clock, d_.random, d_.log) {}

Engine::~Engine() {
  Stop();
}

void Engine::Start() {
  Resume();
  loop_.Start();
}

void Engine::Resume() {
  loop_.Wake(kLeaseKey);
}

// The lease is kept: a server that stops comes back, and its tasks run on meanwhile.
void Engine::Stop() {
  loop_.Stop();
}

void Engine::OnTaskChanged(const compute::TaskId& id) {
  if (std::optional<JobKey> job = JobOfTask(names_.kind, id.value())) loop_.Wake(LoopKey(*job));
}

void Engine::OnTaskUnwanted(const compute::TaskId& id) {
  if (std::optional<JobKey> job = JobOfTask(names_.kind, id.value()))
    loop_.Wake(std::string(kUnwanted) + LoopKey(*job));
}

// What compute asked may be over by now; a task that has begun may not be known to have begun.
Result<work::Again> Engine::StepUnwanted(const JobKey& key) {
  auto job = Load(key.scope, key.name);
  if (!job.ok()) return job.error().reason == kNoSuchJob ? Result<work::Again>(work::Again{}) : std::move(job).error();
  const JobState& state = job->state;
  if (IsTerminal(state.secondary) || state.stop_wished || state.interrupt_wished) return work::Again{};
  if (!state.attempt_started) return work::Again{kUntilItRuns};
  Status interrupted = Interrupt(key.scope, key.name, std::chrono::seconds(0));
  if (!interrupted.ok() && interrupted.error().reason == kBadJob) return work::Again{};
  ALOFT_TRY(std::move(interrupted));
  d_.log.Info("a job gives its place to one of higher priority", {{"kind", names_.kind}, {"job", key.name}});
  return work::Again{};
}

std::optional<work::Lease> Engine::HeldLease() {
  std::lock_guard lock(mutex_);
  return lease_;
}

Result<work::Again> Engine::Step(const std::string& key) {
  if (key == kLeaseKey) return StepLease();
  if (key.starts_with(kUnwanted)) {
    std::optional<JobKey> unwanted = ParseLoopKey(key.substr(kUnwanted.size()));
    return unwanted ? StepUnwanted(*unwanted) : work::Again{};
  }
  std::optional<JobKey> job = ParseLoopKey(key);
  if (!job || !HeldLease()) return work::Again{};
  auto again = StepJob(*job);
  if (again.ok()) return again;
  // A wish came in between: read it and go on.
  if (again.error().reason == kChangedMeanwhile) return work::Again{kSoon};
  if (again.error().reason == work::kLeaseLost) {
    Resume();
    return work::Again{};
  }
  return again;
}

Result<std::shared_ptr<Engine::Live>> Engine::LiveOf(const Job& job) {
  std::string id = TaskIdOf(names_.kind, job, 0);
  {
    std::lock_guard lock(mutex_);
    if (auto found = live_.find(id); found != live_.end()) return found->second;
  }
  auto live = std::make_shared<Live>();
  ALOFT_ASSIGN(live->terms, kind_.TermsOf(job));
  live->observer = kind_.Observer(job);
  live->offsets.resize(static_cast<std::size_t>(live->terms.hosts));
  live->usage_offsets.resize(static_cast<std::size_t>(live->terms.hosts));
  std::lock_guard lock(mutex_);
  return live_.emplace(id, std::move(live)).first->second;
}

void Engine::Forget(const Job& job) {
  std::lock_guard lock(mutex_);
  live_.erase(TaskIdOf(names_.kind, job, 0));
}

Result<work::Again> Engine::StepJob(const JobKey& key) {
  auto loaded = d_.database.Read([&](sql::Reader& reader) { return LoadJob(reader, names_, key.scope, key.name); });
  if (!loaded.ok() && loaded.error().reason == kNoSuchJob) return work::Again{};
  ALOFT_ASSIGN(Job job, std::move(loaded));
  if (job.host != options_.holder) return work::Again{};
  for (int actions = 0; actions < kActionsPerStep; ++actions) {
    ALOFT_ASSIGN(std::shared_ptr<Live> live, LiveOf(job));
    bool again = false;
    ALOFT_ASSIGN(work::Again wait, Act(job, *live, again));
    if (!again) return wait;
  }
  return work::Again{kSoon};
}

// What each host's task does now.
Result<Hosts> Engine::Observe(const Job& job, const Live& live) {
  Hosts hosts(static_cast<std::size_t>(live.terms.hosts));
  for (int host = 0; host < live.terms.hosts; ++host) {
    auto observed = d_.backend.Observe(compute::TaskId(TaskIdOf(names_.kind, job, host)));
    if (observed.ok())
      hosts[static_cast<std::size_t>(host)] = std::move(*observed);
    else if (observed.error().reason != compute::kNoSuchTask)
      return std::move(observed).error();
  }
  return hosts;
}

// One action; `again` where the job can be looked at once more at once.
Result<work::Again> Engine::Act(Job& job, Live& live, bool& again) {
  Hosts hosts;
  bool log_copied = true;
  again = true;
  if (!IsTerminal(job.state.secondary)) {
    ALOFT_TRY(Reclaim(job));
    ALOFT_ASSIGN(hosts, Observe(job, live));
    ALOFT_ASSIGN(log_copied, CopyLogs(job, live, hosts));
    if (!log_copied) return work::Again{};
    CopyUsage(job, live, hosts);
  } else if (job.state.pool.status == WarmPool::Status::kAvailable) {
    ALOFT_ASSIGN(hosts, Observe(job, live));
  }
  Action action = Decide({job.state, hosts, log_copied, live.terms, job.created}, d_.clock.Now());
  if (action.what == Action::Do::kWait || action.what == Action::Do::kNothing) {
    again = false;
    if (action.what == Action::Do::kNothing) Forget(job);
    return work::Again{action.wait};
  }
  ALOFT_TRY(Perform(action, job, live, hosts));
  return work::Again{};
}

// Outside of the hours that the kind gives the job it leaves the machine, and says when it may come back.
Status Engine::Reclaim(Job& job) {
  JobState& state = job.state;
  const Time now = d_.clock.Now();
  const std::optional<Time> closed = state.stop_wished ? std::nullopt : kind_.ClosedUntil(job, now);
  if (!closed) return {};
  const bool leaves = state.attempt_started && !state.interrupt_wished;
  if (!leaves && state.not_before && *state.not_before >= *closed) return {};
  state.not_before = closed;
  if (leaves) {
    state.interrupt_wished = true;
  } else if (!state.attempt_started) {
    ALOFT_TRY(Move(state, Secondary::kPending, now,
                   "Waits for the hours of managed spot jobs, which begin at " + codec::FormatIso8601(*closed)));
  }
  return Save(job);
}

Status Engine::Perform(const Action& action, Job& job, Live& live, const Hosts& hosts) {
  using Do = Action::Do;
  JobState& state = job.state;
  switch (action.what) {
    case Do::kStart: return StartTasks(job);
    case Do::kStop:
      ALOFT_TRY(TellTasks(job, live, compute::StopMode::kOrderly));
      ALOFT_FAULT_POINT("jobs.after_stop_sent");
      state.stop_sent = true;
      return Save(job);
    case Do::kExpire:
      state.stop_wished = true;
      state.wait_exceeded = live.terms.max_wait.has_value();
      ALOFT_TRY(Move(state, Secondary::kStopping, d_.clock.Now(),
                     state.wait_exceeded ? "MaxWaitTimeInSeconds has passed" : "MaxPendingTimeInSeconds has passed"));
      return Save(job);
    case Do::kInterrupt:
      ALOFT_TRY(TellTasks(job, live, compute::StopMode::kInterrupt));
      ALOFT_FAULT_POINT("jobs.after_interrupt_sent");
      state.interrupt_sent = true;
      return Save(job);
    case Do::kAbandon:
      ALOFT_TRY(TellTasks(job, live, compute::StopMode::kDiscard));
      ALOFT_FAULT_POINT("jobs.after_abandon");
      state.abandoned = true;
      return Save(job);
    case Do::kAdvance: return Advance(job, hosts);
    case Do::kFinish: return Finish(job, live, hosts);
    case Do::kFinishUnstarted: {
      ALOFT_TRY(RemoveTasks(job, live));
      Ending ending = EndingOf({.outcome = compute::Outcome::kStopped}, names_.noun);
      return End(job, state.wait_exceeded ? Secondary::kMaxWaitTimeExceeded : Secondary::kStopped, "", ending.message);
    }
    case Do::kLose: {
      std::string host = live.terms.hosts > 1 ? " of " + HostName(static_cast<int>(action.host)) : "";
      Ending ending = EndingOf({.outcome = compute::Outcome::kLost}, names_.noun);
      return End(job, Secondary::kFailed, "InternalServerError: The task" + host + " of this job is gone.",
                 ending.message);
    }
    case Do::kRetry: return NextAttempt(job, live, Secondary::kRestarting, "Restarting the " + names_.noun);
    case Do::kResume:
      return NextAttempt(
          job, live, Secondary::kInterrupted,
          "The machine was taken away; the " + names_.noun + " goes on from its checkpoint when there is room");
    case Do::kEndPool:
      state.pool.status = WarmPool::Status::kTerminated;
      state.pool.ended = std::min(d_.clock.Now(), state.pool.until.value_or(d_.clock.Now()));
      return Save(job);
    case Do::kRemove:
      ALOFT_TRY(RemoveTasks(job, live));
      ALOFT_FAULT_POINT("jobs.after_remove");
      state.cleaned = true;
      return Save(job);
    case Do::kWait:
    case Do::kNothing: break;
  }
  return {};
}

Status Engine::Save(Job& job) {
  std::optional<work::Lease> lease = HeldLease();
  if (!lease) return Fail(work::kLeaseLost, "The loop of the " + names_.noun + "s has lost its lease");
  Time now = d_.clock.Now();
  ALOFT_TRY(d_.database.Write([&](sql::Transaction& t) -> Status {
    ALOFT_TRY(work::CheckLease(t, *lease));
    return UpdateJob(t, names_, job, now);
  }));
  ++job.revision;
  job.modified = now;
  return {};
}

}  // namespace aloft::jobs
