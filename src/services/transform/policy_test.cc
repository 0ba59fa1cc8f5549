#include "services/transform/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aloft::transform {
namespace {

using Kind = Action::Kind;
using compute::Outcome;
using compute::Phase;

std::optional<compute::TaskStatus> Task(Phase phase, Outcome outcome = Outcome::kNone, std::string failure = {}) {
  compute::TaskStatus task;
  task.phase = phase;
  task.outcome = outcome;
  task.failure = std::move(failure);
  return task;
}

// The walk: start what is not there, note that it runs, complete when every instance has.
TEST(TransformPolicy, Walk) {
  View view;
  view.tasks = {std::nullopt, Task(Phase::kStaging)};
  EXPECT_EQ(Decide(view).kind, Kind::kStart);
  view.tasks = {Task(Phase::kStaging), Task(Phase::kStaging)};
  EXPECT_EQ(Decide(view).kind, Kind::kWait);
  view.tasks = {Task(Phase::kStaging), Task(Phase::kRunning)};
  EXPECT_EQ(Decide(view).kind, Kind::kBegin);
  view.started = true;
  view.tasks = {Task(Phase::kEnded, Outcome::kSucceeded), Task(Phase::kUploading)};
  EXPECT_EQ(Decide(view).kind, Kind::kWait);
  view.tasks = {Task(Phase::kEnded, Outcome::kSucceeded), Task(Phase::kEnded, Outcome::kSucceeded)};
  EXPECT_EQ(Decide(view).kind, Kind::kComplete);
  view.status = JobStatus::kCompleted;
  EXPECT_EQ(Decide(view).kind, Kind::kClean);
}

// One instance that fails fails the job, with its words; one that is lost is run again, but not for ever.
TEST(TransformPolicy, Failures) {
  View view;
  view.tasks = {Task(Phase::kRunning), Task(Phase::kEnded, Outcome::kFailed, "a.csv: Bad HTTP status 400")};
  EXPECT_EQ(Decide(view).kind, Kind::kFail);
  EXPECT_EQ(Decide(view).reason, "a.csv: Bad HTTP status 400");
  view.tasks[1] = Task(Phase::kEnded, Outcome::kLost);
  EXPECT_EQ(Decide(view).kind, Kind::kAgain);
  view.attempt = kMaxAttempts;
  EXPECT_EQ(Decide(view).kind, Kind::kFail);
  view.tasks = {std::nullopt};
  view.cannot_start = "needs 64 GiB";
  EXPECT_EQ(Decide(view).reason, "needs 64 GiB");
}

// A stop ends what runs, and what was never started at once.
TEST(TransformPolicy, Stops) {
  View view;
  view.status = JobStatus::kStopping;
  view.tasks = {Task(Phase::kRunning)};
  EXPECT_EQ(Decide(view).kind, Kind::kStop);
  view.tasks = {Task(Phase::kEnded, Outcome::kStopped)};
  EXPECT_EQ(Decide(view).kind, Kind::kEndStopped);
  view.tasks = {std::nullopt, std::nullopt};
  EXPECT_EQ(Decide(view).kind, Kind::kEndStopped);
}

}  // namespace
}  // namespace aloft::transform
