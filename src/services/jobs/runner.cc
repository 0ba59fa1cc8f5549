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
#include "services/jobs/warm_pools.h"

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

// All are given to the backend, which begins none before it has them all.
Status Engine::StartTasks(Job& job) {
  auto planned = kind_.Plan(job);
  Status started;
  if (!planned.ok()) started = std::move(planned).error();
  for (std::size_t i = 0; started.ok() && i < planned->size(); ++i) {
    if (i > 0) ALOFT_FAULT_POINT("jobs.between_starts");
    started = d_.backend.Start((*planned)[i]);
  }
  ALOFT_FAULT_POINT("jobs.after_start");
  if (started.ok()) return {};
  std::string message = EndingOf({.outcome = compute::Outcome::kLost}, names_.noun).message;
  // The machine shrank since the job was taken, or the specification is refused: repeating helps nobody.
  if (started.error().reason == compute::kResourceLimitExceeded)
    return End(job, Secondary::kFailed, "CapacityError: " + started.error().message, message);
  if (started.error().kind() == ErrorKind::kInvalid)
    return End(job, Secondary::kFailed, "ClientError: " + started.error().message, message);
  return started;
}

Status Engine::TellTasks(const Job& job, const Live& live, compute::StopMode mode) {
  for (int host = 0; host < live.terms.hosts; ++host)
    ALOFT_TRY(d_.backend.Stop(compute::TaskId(TaskIdOf(names_.kind, job, host)), mode));
  return {};
}

Status Engine::RemoveTasks(const Job& job, const Live& live) {
  for (int host = 0; host < live.terms.hosts; ++host)
    ALOFT_TRY(d_.backend.Remove(compute::TaskId(TaskIdOf(names_.kind, job, host))));
  return {};
}

// Shows the first host's new phases as steps of the job. A task that is told to stop goes on to upload; the job stays
// Stopping.
Status Engine::Advance(Job& job, const Hosts& hosts) {
  JobState& state = job.state;
  const compute::TaskStatus& task = *hosts[0];
  state.task_seen = true;
  for (; state.task_moves < task.transitions.size(); ++state.task_moves) {
    const compute::Transition& transition = task.transitions[state.task_moves];
    std::optional<Secondary> secondary = SecondaryOf(transition.phase);
    bool begins = transition.phase != compute::Phase::kPending && transition.phase != compute::Phase::kEnded;
    if (begins && !state.started) state.started = transition.at;
    if (begins && !state.attempt_started) state.attempt_started = transition.at;
    // Every task waits for its agent for a moment; only a wait for room is worth a step.
    if (transition.phase == compute::Phase::kPending && transition.message.empty()) continue;
    if (!secondary || state.secondary == Secondary::kStopping) continue;
    if (*secondary != state.secondary && !IsLegal(state.secondary, *secondary)) continue;
    ALOFT_TRY(Move(state, *secondary, transition.at, StepMessage(names_, task, transition, state.environment)));
  }
  if (task.phase == compute::Phase::kPending && !task.message.empty() && state.secondary != Secondary::kStopping) {
    Time now = d_.clock.Now();
    ALOFT_TRY(Move(state, Secondary::kPending, now, task.message));
    state.wait_shown = now;
  }
  if (!task.versions.empty()) state.versions = task.versions;
  if (!task.room_of.empty() && task.room_of != state.room_of) ALOFT_TRY(TakeRoom(job, task.room_of));
  return Save(job);
}

Status Engine::Finish(Job& job, const Live& live, const Hosts& hosts) {
  std::vector<compute::TaskStatus> tasks;
  for (const auto& host : hosts) tasks.push_back(*host);
  std::size_t deciding = DecidingHost(tasks);
  Ending ending =
      EndingOf(tasks[deciding], names_.noun, live.terms.hosts > 1 ? HostName(static_cast<int>(deciding)) : "");
  if (!tasks[0].versions.empty()) job.state.versions = tasks[0].versions;
  if (tasks[0].command_started && !job.state.started) job.state.started = tasks[0].command_started;
  kind_.Ended(job, ending, tasks);
  if (ending.status == Secondary::kStopped && job.state.wait_exceeded) ending.status = Secondary::kMaxWaitTimeExceeded;
  return End(job, ending.status, std::move(ending.failure_reason), std::move(ending.message));
}

Status Engine::End(Job& job, Secondary status, std::string reason, std::string message) {
  Time now = d_.clock.Now();
  ALOFT_TRY(Move(job.state, status, now, std::move(message)));
  job.state.ended = job.state.steps.back().start;
  job.state.failure_reason = std::move(reason);
  KeepRoom(job.state);
  ALOFT_FAULT_POINT("jobs.before_end");
  ALOFT_TRY(Save(job));
  ALOFT_FAULT_POINT("jobs.after_end");
  d_.log.Info("a job ended", {{"kind", names_.kind},
                              {"job", job.name},
                              {"account", job.scope.account.value()},
                              {"status", std::string(ToString(status))},
                              {"reason", job.state.failure_reason}});
  return {};
}

// The next attempt has tasks and log streams of its own.
Status Engine::NextAttempt(Job& job, const Live& live, Secondary why, std::string message) {
  ALOFT_TRY(RemoveTasks(job, live));
  ALOFT_FAULT_POINT("jobs.between_attempts");
  Forget(job);
  JobState& state = job.state;
  Time now = d_.clock.Now();
  bool interrupted = why == Secondary::kInterrupted;
  ALOFT_TRY(Move(state, why, now, std::move(message)));
  if (interrupted)
    ALOFT_TRY(Move(state, Secondary::kPending, now, "Waiting to go on after an interruption"));
  else
    ALOFT_TRY(Move(state, Secondary::kStarting, now, "Starting the " + names_.noun));
  if (state.attempt_started) state.ran_before += std::max(now - *state.attempt_started, std::chrono::microseconds(0));
  state.attempt_started.reset();
  ++state.attempt;
  if (interrupted) ++state.interruptions;
  state.task_seen = state.stop_sent = state.abandoned = state.interrupt_wished = state.interrupt_sent = false;
  state.task_moves = 0;
  return Save(job);
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
