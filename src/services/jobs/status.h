// The status machine: which secondary status may follow which, in one table. The primary status follows from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::jobs {

struct JobState;

enum class Secondary {
  kStarting,
  kPending,      // waits for room
  kPreparing,    // makes the environment
  kDownloading,  // inputs
  kTraining,
  kUploading,  // outputs
  kStopping,
  kRestarting,   // the machine lost the attempt; another follows
  kInterrupted,  // the machine was taken away; the job waits for another turn
  // No way leads out of these.
  kCompleted,
  kFailed,
  kStopped,
  kMaxRuntimeExceeded,
  kMaxWaitTimeExceeded,
};
inline constexpr int kSecondaries = 14;

// "PreparingTrainingStack", ... as DescribeTrainingJob says it.
std::string_view ToString(Secondary status);
std::optional<Secondary> ParseSecondary(std::string_view text);
// TrainingJobStatus: "InProgress", "Stopping", "Completed", "Failed", "Stopped".
std::string_view PrimaryOf(Secondary status);
bool IsTerminal(Secondary status);

bool IsLegal(Secondary from, Secondary to);

// Ends the newest step and begins another; from a status to itself only the message changes. kIllegalMove, and the
// state is as before, where the table does not list the move.
Status Move(JobState& state, Secondary to, Time at, std::string message);

}  // namespace aloft::jobs
