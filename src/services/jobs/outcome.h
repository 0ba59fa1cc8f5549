// How a task's end becomes a job's end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "platform/compute/task.h"
#include "services/jobs/status.h"

namespace aloft::jobs {

struct Ending {
  Secondary status = Secondary::kFailed;
  std::string failure_reason;  // at most 1024 characters; empty where it did not fail
  std::string message;         // of the last transition
  bool has_artifacts = false;
};

// `host`: whose task it was, named in the reason; empty where a job has one host.
Ending EndingOf(const compute::TaskStatus& task, const std::string& noun, const std::string& host = {});

// Of the tasks of one attempt, all ended, the one that says how the attempt ended: what went wrong first, else a host
// that was stopped, else the first.
std::size_t DecidingHost(const std::vector<compute::TaskStatus>& hosts);
// An end that leaves the other hosts without sense.
bool IsBad(compute::Outcome outcome);

// The step that a phase of a task is shown as; absent for the end.
std::optional<Secondary> SecondaryOf(compute::Phase phase);
struct KindNames;
std::string StepMessage(const KindNames& names, const compute::TaskStatus& task, const compute::Transition& transition,
                        const std::string& environment);

}  // namespace aloft::jobs
