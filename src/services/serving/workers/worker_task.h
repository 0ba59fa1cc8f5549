// A worker as a task of compute: its name, what it runs, where its log goes. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/task.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

// Everything that one attempt of one worker is called by. No part holds a dot.
struct WorkerName {
  Scope scope;
  std::string endpoint;
  int generation = 1;
  std::string variant;
  int instance = 0, attempt = 1;
};

inline constexpr std::string_view kTaskPrefix = "serving.";

// "serving.<account>.<region>.<endpoint>.<generation>.<variant>.<instance>.<attempt>"
compute::TaskId TaskIdOf(const WorkerName& name);
// Absent for tasks of other services.
std::optional<WorkerName> ParseTaskId(const compute::TaskId& id);

// See component_name.h.
std::string LogGroupOf(const WorkerName& name);
// "<variant>/i-<17 hexadecimal digits>": each attempt is a machine of its own, as AWS shows it.
std::string LogStreamOf(const WorkerName& name);
std::string LogStreamArn(const WorkerName& name);

// kBadEndpointConfig where the instance type is unknown, and what PlanServing refuses.
Result<compute::TaskSpec> SpecOf(const WorkerName& name, const Variant& variant, const compute::RuntimeTable& runtimes);

}  // namespace aloft::serving
