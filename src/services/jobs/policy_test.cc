#include "services/training/policy.h"

#include <gtest/gtest.h>

namespace aloft::training {
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
  return Decide({state, task, log_copied, retries}, now).what;
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

// After the end: the task goes, then nothing.
TEST(Policy, AfterTheEnd) {
  for (Secondary end :
       {Secondary::kCompleted, Secondary::kFailed, Secondary::kStopped, Secondary::kMaxRuntimeExceeded}) {
    JobState state;
    state.secondary = end;
    EXPECT_EQ(Next(state, Task(Phase::kEnded, Outcome::kSucceeded)), Do::kRemove);
    state.cleaned = true;
    EXPECT_EQ(Next(state, std::nullopt), Do::kNothing);
  }
}

}  // namespace
}  // namespace aloft::training
