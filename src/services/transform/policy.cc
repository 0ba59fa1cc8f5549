#include "services/transform/policy.h"

#include <algorithm>

namespace aloft::transform {
namespace {

constexpr std::size_t kMaxReason = 1024;  // of FailureReason in the API

std::string ReasonOf(const compute::TaskStatus& task) {
  std::string reason = task.failure;
  if (reason.empty()) reason = "The transform ended: " + std::string(ToString(task.outcome)) + ".";
  // AWS's word for what the caller's data or model is the cause of.
  if (task.failure_is_users) reason = "AlgorithmError: " + reason;
  if (reason.size() > kMaxReason) reason.resize(kMaxReason);
  return reason;
}

}  // namespace

Action Decide(const View& view) {
  using Kind = Action::Kind;
  if (HasEnded(view.status)) return {Kind::kClean};
  auto ended = [](const auto& task) { return task && task->phase == compute::Phase::kEnded; };
  bool all_ended = std::all_of(view.tasks.begin(), view.tasks.end(), ended);
  bool some_there =
      std::any_of(view.tasks.begin(), view.tasks.end(), [](const auto& task) { return task.has_value(); });
  if (view.status == JobStatus::kStopping) {
    bool some_alive =
        std::any_of(view.tasks.begin(), view.tasks.end(), [&](const auto& task) { return task && !ended(task); });
    return {some_there && some_alive ? Kind::kStop : Kind::kEndStopped};
  }
  if (view.cannot_start) return {Kind::kFail, *view.cannot_start};
  for (const auto& task : view.tasks) {
    if (!ended(task) || task->outcome == compute::Outcome::kSucceeded) continue;
    if (task->outcome == compute::Outcome::kLost && view.attempt < kMaxAttempts) return {Kind::kAgain};
    return {Kind::kFail, ReasonOf(*task)};
  }
  if (all_ended) return {Kind::kComplete};
  bool all_there = std::all_of(view.tasks.begin(), view.tasks.end(), [](const auto& task) { return task.has_value(); });
  if (!all_there) return {Kind::kStart};
  bool runs = std::any_of(view.tasks.begin(), view.tasks.end(),
                          [](const auto& task) { return task->phase >= compute::Phase::kRunning; });
  return {runs && !view.started ? Kind::kBegin : Kind::kWait};
}

}  // namespace aloft::transform
