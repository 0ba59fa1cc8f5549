// What to do next about a job: pure, from what is recorded and what is observed.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "platform/compute/task.h"
#include "services/jobs/kind.h"
#include "services/jobs/types.h"

namespace aloft::jobs {

// One for each host; absent: the backend knows no such task.
using Hosts = std::vector<std::optional<compute::TaskStatus>>;

struct Snapshot {
  const JobState& state;
  const Hosts& hosts;
  bool log_copied = false;  // everything that the tasks have said so far
  const Terms& terms;
  Time created{};
};

struct Action {
  enum class Do {
    kWait,             // nothing now; look again after `wait`
    kStart,            // the tasks
    kStop,             // tell the tasks
    kExpire,           // the job has waited too long: wish its stop
    kInterrupt,        // tell the tasks that the machine is taken away
    kAbandon,          // one host ended badly: end the others
    kAdvance,          // record the tasks' new transitions
    kFinish,           // record how the tasks ended
    kFinishUnstarted,  // stopped before there was a task
    kLose,             // a task is gone: fail, or
    kRetry,            // try once more
    kResume,           // after an interruption: the next attempt
    kEndPool,          // the room that the hosts keep is kept no longer
    kRemove,           // the tasks, after the end is recorded
    kNothing,          // for ever
  } what = Do::kWait;
  std::optional<std::chrono::microseconds> wait{};  // with kWait
  std::size_t host = 0;                             // with kLose: which one is gone
};

Action Decide(const Snapshot& snapshot, Time now);

}  // namespace aloft::jobs
