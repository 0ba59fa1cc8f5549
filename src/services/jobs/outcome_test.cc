#include "services/training/outcome.h"

#include <gtest/gtest.h>

#include "services/training/messages.h"

namespace aloft::training {
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
  EXPECT_EQ(EndingOf(Ended(Outcome::kSucceeded)).status, Secondary::kCompleted);
  EXPECT_TRUE(EndingOf(Ended(Outcome::kSucceeded)).has_artifacts);
  EXPECT_EQ(EndingOf(Ended(Outcome::kStopped)).status, Secondary::kStopped);
  EXPECT_TRUE(EndingOf(Ended(Outcome::kStopped)).has_artifacts) << "what the model directory held is stored";
  compute::TaskStatus unstarted = Ended(Outcome::kStopped);
  unstarted.command_started.reset();
  EXPECT_FALSE(EndingOf(unstarted).has_artifacts);
  EXPECT_EQ(EndingOf(Ended(Outcome::kMaxRuntime)).status, Secondary::kMaxRuntimeExceeded);
  EXPECT_EQ(EndingOf(Ended(Outcome::kMaxRuntime)).message, messages::kMaxRuntime);
  for (Outcome outcome : {Outcome::kFailed, Outcome::kOutOfMemory, Outcome::kDiskFull, Outcome::kInputRefused,
                          Outcome::kOutputFailed, Outcome::kCannotRun, Outcome::kLost}) {
    Ending ending = EndingOf(Ended(outcome, 1, "why"));
    EXPECT_EQ(ending.status, Secondary::kFailed);
    EXPECT_FALSE(ending.failure_reason.empty());
    EXPECT_FALSE(ending.has_artifacts);
  }
}

// The forms of FailureReason: who is to blame comes first, the exit code last, 1024 characters at most.
TEST(Outcome, FailureReasons) {
  EXPECT_EQ(EndingOf(Ended(Outcome::kFailed, 1, "ValueError: bad")).failure_reason,
            "AlgorithmError: ValueError: bad, exit code: 1");
  EXPECT_EQ(EndingOf(Ended(Outcome::kFailed, -1, "killed", 9)).failure_reason,
            "AlgorithmError: killed, exit code: 137");
  EXPECT_TRUE(EndingOf(Ended(Outcome::kOutOfMemory, -1, "", 9)).failure_reason.ends_with("exit code: 137"));
  EXPECT_EQ(EndingOf(Ended(Outcome::kInputRefused, -1, "no such key")).failure_reason,
            "ClientError: Data download failed: no such key");
  EXPECT_TRUE(EndingOf(Ended(Outcome::kLost)).failure_reason.starts_with("InternalServerError: "));
  std::string text(2000, 'x');
  std::string cut = EndingOf(Ended(Outcome::kFailed, 7, text)).failure_reason;
  EXPECT_EQ(cut.size(), 1024u);
  EXPECT_TRUE(cut.ends_with("x, exit code: 7"));
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "\xC3\xA4";
  cut = EndingOf(Ended(Outcome::kFailed, 7, umlauts)).failure_reason;
  EXPECT_LE(cut.size(), 1024u);
  EXPECT_NE(static_cast<unsigned char>(cut[cut.find(',') - 1]), 0xC3) << "no half character";
}

// The running step says where the job really runs.
TEST(Outcome, StepMessages) {
  compute::TaskStatus task;
  task.versions = {"scikit-learn 1.9.1", "python 3.11.2"};
  EXPECT_EQ(StepMessage(task, {compute::Phase::kRunning, {}, ""}, "scikit-learn"),
            std::string(messages::kTraining) + " Environment: scikit-learn (scikit-learn 1.9.1, python 3.11.2).");
  EXPECT_EQ(StepMessage(task, {compute::Phase::kPending, {}, "needs 8 GiB"}, ""), "needs 8 GiB");
}

}  // namespace
}  // namespace aloft::training
