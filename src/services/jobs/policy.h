// What to do next about a job: pure, from what is recorded and what is observed.
#pragma once

#include <chrono>
#include <optional>

#include "platform/compute/task.h"
#include "services/training/types.h"

namespace aloft::training {

struct Snapshot {
  const JobState& state;
  const std::optional<compute::TaskStatus>& task;  // absent: the backend knows no such task
  bool log_copied = false;                         // everything that the task has said so far
  int retries = 0;                                 // attempts allowed after the first
};

struct Action {
  enum class Do {
    kWait,             // nothing now; look again after `wait`
    kStart,            // the task
    kStop,             // tell the task
    kAdvance,          // record the task's new transitions
    kFinish,           // record how the task ended
    kFinishUnstarted,  // stopped before there was a task
    kLose,             // the task is gone: fail, or
    kRetry,            // try once more
    kRemove,           // the task, after the end is recorded
    kNothing,          // for ever
  } what = Do::kWait;
  std::optional<std::chrono::microseconds> wait{};  // with kWait
};

Action Decide(const Snapshot& snapshot, Time now);

}  // namespace aloft::training
