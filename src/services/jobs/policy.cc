#include "services/training/policy.h"

namespace aloft::training {
namespace {

using Do = Action::Do;
using compute::Outcome;
using compute::Phase;

// The backend tells when something changes; this is for what it forgot to tell.
constexpr auto kLookAgain = std::chrono::seconds(2);
// A task that has ended and whose log never completes: its agent is gone.
constexpr auto kLogPatience = std::chrono::seconds(60);

bool MayRetry(const Snapshot& snapshot) {
  return !snapshot.state.stop_wished && snapshot.state.attempt <= snapshot.retries;
}

}  // namespace

Action Decide(const Snapshot& snapshot, Time now) {
  const JobState& state = snapshot.state;
  if (IsTerminal(state.secondary)) return {state.cleaned ? Do::kNothing : Do::kRemove};
  if (!snapshot.task) {
    if (state.task_seen) return {MayRetry(snapshot) ? Do::kRetry : Do::kLose};
    return {state.stop_wished ? Do::kFinishUnstarted : Do::kStart};
  }
  const compute::TaskStatus& task = *snapshot.task;
  if (task.phase == Phase::kEnded) {
    if (state.task_moves < task.transitions.size()) return {Do::kAdvance};
    Time ended = task.transitions.empty() ? now : task.transitions.back().at;
    bool log_done = task.log_complete && snapshot.log_copied;
    if (!log_done && now < ended + kLogPatience) return {Do::kWait, std::chrono::milliseconds(200)};
    if (task.outcome == Outcome::kLost && MayRetry(snapshot)) return {Do::kRetry};
    return {Do::kFinish};
  }
  if (state.stop_wished && !state.stop_sent) return {Do::kStop};
  if (!state.task_seen || state.task_moves < task.transitions.size()) return {Do::kAdvance};
  return {Do::kWait, kLookAgain};
}

}  // namespace aloft::training
