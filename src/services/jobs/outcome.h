// How a task's end becomes a job's end.
#pragma once

#include <optional>
#include <string>

#include "platform/compute/task.h"
#include "services/training/status.h"

namespace aloft::training {

struct Ending {
  Secondary status = Secondary::kFailed;
  std::string failure_reason;  // at most 1024 characters; empty where it did not fail
  std::string message;         // of the last transition
  bool has_artifacts = false;
};

Ending EndingOf(const compute::TaskStatus& task);

// The step that a phase of a task is shown as; absent for the end.
std::optional<Secondary> SecondaryOf(compute::Phase phase);
std::string StepMessage(const compute::TaskStatus& task, const compute::Transition& transition,
                        const std::string& environment);

}  // namespace aloft::training
