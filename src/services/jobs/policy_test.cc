#include "services/jobs/policy.h"

#include <gtest/gtest.h>

namespace aloft::jobs {
namespace {

using Do = Action::Do;
using compute::Outcome;
using compute::Phase;
using compute::TaskStatus;

constexpr Time kNow(std::chrono::seconds(1'000'000));

TaskStatus Task(Phase phase, Outcome outcome = Outcome::kNone) {
  TaskStatus task;
  task.phase = phase;
  task.outcome = outcome;
  task.transitions = {{phase, kNow, ""}};
  task.log_complete = phase == Phase::kEnded;
  return task;
}

Do Next(const JobState& state, const std::optional<TaskStatus>& task, bool log_copied = true, int retries = 0,
        Time now = kNow) {
  Terms terms;
  terms.retries = retries;
  Hosts hosts{task};
  return Decide({state, hosts, log_copied, terms, kNow}, now).what;
}
Do NextOf(const JobState& state, const Hosts& hosts, const Terms& terms = {}, Time now = kNow) {
  return Decide({state, hosts, true, terms, kNow}, now).what;
}

// What there is to do before there is a task.
TEST(Policy, WithoutTask) {
  JobState state;
  EXPECT_EQ(Next(state, std::nullopt), Do::kStart);
  state.stop_wished = true;
  EXPECT_EQ(Next(state, std::nullopt), Do::kFinishUnstarted);
  state.stop_wished = false;
  state.task_seen = true;
  EXPECT_EQ(Next(state, std::nullopt), Do::kLose);
  EXPECT_EQ(Next(state, std::nullopt, true, 1), Do::kRetry);
  state.attempt = 2;
  EXPECT_EQ(Next(state, std::nullopt, true, 1), Do::kLose) << "all attempts are used";
  state.attempt = 1;
  state.stop_wished = true;
  EXPECT_EQ(Next(state, std::nullopt, true, 1), Do::kLose) << "nobody wants another attempt";
}

// A living task: its moves are recorded, a wish to stop is passed on once.
TEST(Policy, LivingTask) {
  JobState state;
  EXPECT_EQ(Next(state, Task(Phase::kRunning)), Do::kAdvance);
  state.task_seen = true;
  EXPECT_EQ(Next(state, Task(Phase::kRunning)), Do::kAdvance);
  state.task_moves = 1;
  EXPECT_EQ(Next(state, Task(Phase::kRunning)), Do::kWait);
  state.stop_wished = true;
  EXPECT_EQ(Next(state, Task(Phase::kRunning)), Do::kStop);
  state.stop_sent = true;
  EXPECT_EQ(Next(state, Task(Phase::kRunning)), Do::kWait);
}

// The end is recorded after the last log line is stored, but an agent that is gone cannot hold a job for ever.
TEST(Policy, EndedTask) {
  JobState state;
  state.task_seen = true;
  TaskStatus task = Task(Phase::kEnded, Outcome::kSucceeded);
  EXPECT_EQ(Next(state, task), Do::kAdvance);
  state.task_moves = 1;
  EXPECT_EQ(Next(state, task), Do::kFinish);
  EXPECT_EQ(Next(state, task, false), Do::kWait);
  task.log_complete = false;
  EXPECT_EQ(Next(state, task), Do::kWait);
  EXPECT_EQ(Next(state, task, false, 0, kNow + std::chrono::seconds(61)), Do::kFinish);
  EXPECT_EQ(Next(state, Task(Phase::kEnded, Outcome::kLost), true, 1), Do::kRetry);
  EXPECT_EQ(Next(state, Task(Phase::kEnded, Outcome::kLost)), Do::kFinish);
  EXPECT_EQ(Next(state, Task(Phase::kEnded, Outcome::kFailed), true, 1), Do::kFinish)
      << "the code's failure is its own";
}

// Hosts live and die together: one that ends badly ends the others, and only then the attempt is over.
TEST(Policy, SeveralHosts) {
  JobState state;
  TaskStatus running = Task(Phase::kRunning), failed = Task(Phase::kEnded, Outcome::kFailed);
  TaskStatus good = Task(Phase::kEnded, Outcome::kSucceeded), stopped = Task(Phase::kEnded, Outcome::kStopped);
  EXPECT_EQ(NextOf(state, {running, std::nullopt}), Do::kStart) << "the server died between two starts";
  state.stop_wished = true;
  EXPECT_EQ(NextOf(state, {running, std::nullopt}), Do::kFinishUnstarted);
  state.stop_wished = false;
  state.task_seen = true;
  state.task_moves = 1;
  EXPECT_EQ(NextOf(state, {running, std::nullopt}), Do::kLose);
  EXPECT_EQ(NextOf(state, {running, good}), Do::kWait);
  EXPECT_EQ(NextOf(state, {running, failed}), Do::kAbandon);
  state.abandoned = true;
  EXPECT_EQ(NextOf(state, {running, failed}), Do::kWait);
  EXPECT_EQ(NextOf(state, {stopped, failed}), Do::kFinish);
  TaskStatus lost = Task(Phase::kEnded, Outcome::kLost);
  EXPECT_EQ(NextOf(state, {stopped, lost}, {.hosts = 2, .retries = 1}), Do::kRetry);
}

// An interruption is passed on once, and what it ended starts again; it uses up no retry, and a stop wins over it.
TEST(Policy, Interruptions) {
  JobState state;
  state.task_seen = true;
  state.task_moves = 1;
  state.interrupt_wished = true;
  TaskStatus stopped = Task(Phase::kEnded, Outcome::kStopped);
  EXPECT_EQ(NextOf(state, {Task(Phase::kRunning)}), Do::kInterrupt);
  state.interrupt_sent = true;
  EXPECT_EQ(NextOf(state, {Task(Phase::kRunning)}), Do::kWait);
  EXPECT_EQ(NextOf(state, {stopped}), Do::kResume);
  EXPECT_EQ(NextOf(state, {Task(Phase::kEnded, Outcome::kSucceeded)}), Do::kFinish) << "it was quicker";
  EXPECT_EQ(NextOf(state, {std::nullopt}), Do::kResume) << "the server died after it had removed the task";
  state.stop_wished = true;
  EXPECT_EQ(NextOf(state, {stopped}), Do::kFinish);
  JobState next;
  next.attempt = 2;
  next.interruptions = 1;
  next.not_before = kNow + std::chrono::seconds(1);
  EXPECT_EQ(NextOf(next, {std::nullopt}), Do::kWait);
  EXPECT_EQ(NextOf(next, {std::nullopt}, {}, kNow + std::chrono::seconds(1)), Do::kStart);
  next.task_seen = true;
  EXPECT_EQ(NextOf(next, {std::nullopt}, {.retries = 1}), Do::kRetry);
}

// Why a job waits for room is recorded at once, its changes once a minute; waiting for the agent is no reason.
TEST(Policy, ShowsWhyItWaits) {
  JobState state;
  state.task_seen = true;
  state.task_moves = 1;
  TaskStatus waiting = Task(Phase::kPending);
  EXPECT_EQ(NextOf(state, {waiting}), Do::kWait);
  waiting.message = "needs 8 GiB";
  EXPECT_EQ(NextOf(state, {waiting}), Do::kAdvance);
  state.secondary = Secondary::kPending;
  state.steps = {{Secondary::kPending, kNow, std::nullopt, "needs 8 GiB"}};
  state.wait_shown = kNow;
  EXPECT_EQ(NextOf(state, {waiting}), Do::kWait);
  waiting.message = "needs 4 GiB";
  EXPECT_EQ(NextOf(state, {waiting}), Do::kWait);
  EXPECT_EQ(NextOf(state, {waiting}, {}, kNow + std::chrono::seconds(60)), Do::kAdvance);
}

// A job that may wait only so long is stopped when that has passed; one that got its machine is not pending.
TEST(Policy, WaitsOnlySoLong) {
  JobState state;
  Terms pending{.max_pending = std::chrono::seconds(60)};
  Time late = kNow + std::chrono::seconds(60);
  state.task_seen = true;
  state.task_moves = 1;
  EXPECT_EQ(NextOf(state, {Task(Phase::kPending)}, pending), Do::kWait);
  EXPECT_EQ(NextOf(state, {Task(Phase::kPending)}, pending, late), Do::kExpire);
  state.attempt_started = kNow;
  EXPECT_EQ(NextOf(state, {Task(Phase::kRunning)}, pending, late), Do::kWait);
  EXPECT_EQ(NextOf(state, {Task(Phase::kRunning)}, {.max_wait = std::chrono::seconds(60)}, late), Do::kExpire);
  state.stop_wished = state.stop_sent = true;
  EXPECT_EQ(NextOf(state, {Task(Phase::kRunning)}, pending, late), Do::kWait);
}

// After the end: the task goes, then nothing.
TEST(Policy, AfterTheEnd) {
  for (Secondary end : {Secondary::kCompleted, Secondary::kFailed, Secondary::kStopped, Secondary::kMaxRuntimeExceeded,
                        Secondary::kMaxWaitTimeExceeded}) {
    JobState state;
    state.secondary = end;
    EXPECT_EQ(Next(state, Task(Phase::kEnded, Outcome::kSucceeded)), Do::kRemove);
    state.cleaned = true;
    EXPECT_EQ(Next(state, std::nullopt), Do::kNothing);
  }
}

}  // namespace
}  // namespace aloft::jobs
