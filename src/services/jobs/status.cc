#include "services/jobs/status.h"

#include <algorithm>

#include "services/jobs/errors.h"
#include "services/jobs/types.h"

namespace aloft::jobs {
namespace {

using S = Secondary;

constexpr std::string_view kNames[kSecondaries] = {"Starting",
                                                   "Pending",
                                                   "PreparingTrainingStack",
                                                   "Downloading",
                                                   "Training",
                                                   "Uploading",
                                                   "Stopping",
                                                   "Restarting",
                                                   "Interrupted",
                                                   "Completed",
                                                   "Failed",
                                                   "Stopped",
                                                   "MaxRuntimeExceeded",
                                                   "MaxWaitTimeExceeded"};

constexpr unsigned Bit(S status) {
  return 1u << static_cast<unsigned>(status);
}
template <class... Statuses>
constexpr unsigned Bits(Statuses... statuses) {
  return (Bit(statuses) | ...);
}

constexpr unsigned kEnds =
    Bits(S::kCompleted, S::kFailed, S::kStopped, S::kMaxRuntimeExceeded, S::kMaxWaitTimeExceeded);
constexpr unsigned kAnyTime = kEnds | Bits(S::kStopping, S::kRestarting, S::kInterrupted);

// The legal moves. Phases go forward and may be passed over: a quick task has left one before we look.
constexpr unsigned kMoves[kSecondaries] = {
    /* Starting */ kAnyTime | Bits(S::kPending, S::kPreparing, S::kDownloading, S::kTraining, S::kUploading),
    /* Pending */ kAnyTime | Bits(S::kPreparing, S::kDownloading, S::kTraining, S::kUploading),
    /* PreparingTrainingStack */ kAnyTime | Bits(S::kDownloading, S::kTraining, S::kUploading),
    /* Downloading */ kAnyTime | Bits(S::kTraining, S::kUploading),
    /* Training */ kAnyTime | Bits(S::kUploading),
    /* Uploading */ kAnyTime,
    /* Stopping: the task may have ended by itself before the wish reached it. */ kEnds,
    /* Restarting */ kEnds | Bits(S::kStarting, S::kStopping),
    /* Interrupted */ kEnds | Bits(S::kStarting, S::kPending, S::kStopping),
    /* Completed */ 0,
    /* Failed */ 0,
    /* Stopped */ 0,
    /* MaxRuntimeExceeded */ 0,
    /* MaxWaitTimeExceeded */ 0,
};

}  // namespace

std::string_view ToString(Secondary status) {
  return kNames[static_cast<int>(status)];
}

std::optional<Secondary> ParseSecondary(std::string_view text) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), text);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<Secondary>(found - std::begin(kNames));
}

std::string_view PrimaryOf(Secondary status) {
  switch (status) {
    case S::kStopping: return "Stopping";
    case S::kCompleted: return "Completed";
    case S::kFailed: return "Failed";
    case S::kStopped:
    case S::kMaxRuntimeExceeded:
    case S::kMaxWaitTimeExceeded: return "Stopped";
    default: return "InProgress";
  }
}

bool IsTerminal(Secondary status) {
  return (kEnds & Bit(status)) != 0;
}

bool IsLegal(Secondary from, Secondary to) {
  return (kMoves[static_cast<int>(from)] & Bit(to)) != 0;
}

Status Move(JobState& state, Secondary to, Time at, std::string message) {
  if (!state.steps.empty() && to == state.secondary && !IsTerminal(to)) {
    state.steps.back().message = std::move(message);
    return {};
  }
  if (!state.steps.empty() && !IsLegal(state.secondary, to))
    return Fail(kIllegalMove,
                "A job cannot go from " + std::string(ToString(state.secondary)) + " to " + std::string(ToString(to)));
  if (!state.steps.empty()) {
    // Times come from two clocks (the server's, the agent's): a step never begins before the one it follows.
    at = std::max(at, state.steps.back().start);
    state.steps.back().end = at;
  }
  state.secondary = to;
  state.steps.push_back({to, at, IsTerminal(to) ? std::optional(at) : std::nullopt, std::move(message)});
  return {};
}

}  // namespace aloft::jobs
