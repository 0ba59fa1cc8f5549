// What to do next for a transform job: a pure function of what is seen.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/compute/task.h"
#include "services/transform/types.h"

namespace aloft::transform {

inline constexpr int kMaxAttempts = 3;  // of a job whose task was lost, with the machine or by somebody's hand

struct View {
  JobStatus status = JobStatus::kInProgress;
  int attempt = 1;
  bool started = false;                                   // Describe shows a start
  std::vector<std::optional<compute::TaskStatus>> tasks;  // of each instance; absent: not there
  std::optional<std::string> cannot_start;
};

struct Action {
  enum class Kind {
    kWait,
    kStart,     // the tasks that are not there
    kBegin,     // record that it runs
    kStop,      // the tasks that run
    kAgain,     // remove the tasks; the next attempt
    kComplete,  // kFail, kEndStopped: record the end
    kFail,
    kEndStopped,
    kClean,  // remove the tasks, for good
  } kind = Kind::kWait;
  std::string reason{};  // kFail
};

Action Decide(const View& view);

}  // namespace aloft::transform
