#include "services/jobs/outcome.h"

#include <gtest/gtest.h>

#include "services/jobs/kind.h"
#include "services/jobs/messages.h"

namespace aloft::jobs {
namespace {

using compute::Outcome;

compute::TaskStatus Ended(Outcome outcome, int exit_code = -1, std::string failure = {}, int signal = 0) {
  compute::TaskStatus task;
  task.outcome = outcome;
  task.exit_code = exit_code;
  task.failure = std::move(failure);
  task.signal = signal;
  task.command_started = Time(std::chrono::seconds(1));
  return task;
}

// Which end of a task is which end of a job, and whether there is a model.
TEST(Outcome, Endings) {
  EXPECT_EQ(EndingOf(Ended(Outcome::kSucceeded), "training job").status, Secondary::kCompleted);
  EXPECT_TRUE(EndingOf(Ended(Outcome::kSucceeded), "training job").has_artifacts);
  EXPECT_EQ(EndingOf(Ended(Outcome::kStopped), "training job").status, Secondary::kStopped);
  EXPECT_TRUE(EndingOf(Ended(Outcome::kStopped), "training job").has_artifacts)
      << "what the model directory held is stored";
  compute::TaskStatus unstarted = Ended(Outcome::kStopped);
  unstarted.command_started.reset();
  EXPECT_FALSE(EndingOf(unstarted, "training job").has_artifacts);
  EXPECT_EQ(EndingOf(Ended(Outcome::kMaxRuntime), "training job").status, Secondary::kMaxRuntimeExceeded);
  EXPECT_EQ(EndingOf(Ended(Outcome::kMaxRuntime), "training job").message,
            "Training job runtime exceeded MaxRuntimeInSeconds provided");
  for (Outcome outcome : {Outcome::kFailed, Outcome::kOutOfMemory, Outcome::kDiskFull, Outcome::kInputRefused,
                          Outcome::kOutputFailed, Outcome::kCannotRun, Outcome::kLost}) {
    Ending ending = EndingOf(Ended(outcome, 1, "why"), "training job");
    EXPECT_EQ(ending.status, Secondary::kFailed);
    EXPECT_FALSE(ending.failure_reason.empty());
    EXPECT_FALSE(ending.has_artifacts);
  }
}

// The forms of FailureReason: who is to blame comes first, the exit code last, 1024 characters at most.
TEST(Outcome, FailureReasons) {
  EXPECT_EQ(EndingOf(Ended(Outcome::kFailed, 1, "ValueError: bad"), "training job").failure_reason,
            "AlgorithmError: ValueError: bad, exit code: 1");
  EXPECT_EQ(EndingOf(Ended(Outcome::kFailed, -1, "killed", 9), "training job").failure_reason,
            "AlgorithmError: killed, exit code: 137");
  EXPECT_TRUE(
      EndingOf(Ended(Outcome::kOutOfMemory, -1, "", 9), "training job").failure_reason.ends_with("exit code: 137"));
  EXPECT_EQ(EndingOf(Ended(Outcome::kInputRefused, -1, "no such key"), "training job").failure_reason,
            "ClientError: Data download failed: no such key");
  EXPECT_TRUE(EndingOf(Ended(Outcome::kLost), "training job").failure_reason.starts_with("InternalServerError: "));
  std::string text(2000, 'x');
  std::string cut = EndingOf(Ended(Outcome::kFailed, 7, text), "training job").failure_reason;
  EXPECT_EQ(cut.size(), 1024u);
  EXPECT_TRUE(cut.ends_with("x, exit code: 7"));
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "\xC3\xA4";
  cut = EndingOf(Ended(Outcome::kFailed, 7, umlauts), "training job").failure_reason;
  EXPECT_LE(cut.size(), 1024u);
  EXPECT_NE(static_cast<unsigned char>(cut[cut.find(',') - 1]), 0xC3) << "no half character";
}

// Of several hosts the first that went wrong says how it ended, by its name; what was ended because of it says nothing.
TEST(Outcome, SeveralHosts) {
  auto at = [](compute::TaskStatus task, int second) {
    task.transitions = {{compute::Phase::kEnded, Time(std::chrono::seconds(second)), ""}};
    return task;
  };
  auto good = at(Ended(Outcome::kSucceeded, 0), 1), stopped = at(Ended(Outcome::kStopped), 2);
  auto late = at(Ended(Outcome::kFailed, 1, "late"), 9), early = at(Ended(Outcome::kLost, -1, "early"), 5);
  EXPECT_EQ(DecidingHost({good, good}), 0u);
  EXPECT_EQ(DecidingHost({good, stopped}), 1u);
  EXPECT_EQ(DecidingHost({stopped, late, early}), 2u);
  EXPECT_EQ(DecidingHost({late, at(Ended(Outcome::kMaxRuntime), 1)}), 0u);
  EXPECT_EQ(EndingOf(late, "training job", "algo-2").failure_reason, "AlgorithmError: algo-2: late, exit code: 1");
}

// The running step says where the job really runs.
TEST(Outcome, StepMessages) {
  KindNames names;
  names.running = "Training in progress.";
  compute::TaskStatus task;
  task.versions = {"scikit-learn 1.9.1", "python 3.11.2"};
  EXPECT_EQ(StepMessage(names, task, {compute::Phase::kRunning, {}, ""}, "scikit-learn"),
            "Training in progress. Environment: scikit-learn (scikit-learn 1.9.1, python 3.11.2).");
  EXPECT_EQ(StepMessage(names, task, {compute::Phase::kPending, {}, "needs 8 GiB"}, ""), "needs 8 GiB");
}

}  // namespace
}  // namespace aloft::jobs
