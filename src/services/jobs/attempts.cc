// One attempt of a job: its tasks are started, told and removed, and what they report becomes the job's steps and its
// end.
#include <algorithm>

#include "foundation/base/fault_point.h"
#include "platform/compute/errors.h"
#include "services/jobs/engine.h"
#include "services/jobs/live.h"
#include "services/jobs/outcome.h"
#include "services/jobs/warm_pools.h"

namespace aloft::jobs {

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

}  // namespace aloft::jobs
