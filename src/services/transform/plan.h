// An instance of a transform job as a task of compute: its name, what it runs, where its log goes. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/result.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/task.h"
#include "services/transform/types.h"

namespace aloft::transform {

inline constexpr char kLogGroup[] = "/aws/sagemaker/TransformJobs";

// "transform.<account>.<region>.<job>.<instance>.<attempt>"
compute::TaskId TaskIdOf(const Scope& scope, const Job& job, int instance, int attempt);

struct TaskName {
  Scope scope;
  std::string job;
  int instance = 0, attempt = 1;
};
// Absent for tasks of other services.
std::optional<TaskName> ParseTaskId(const compute::TaskId& id);

// "<job>/i-<17 hexadecimal digits>"
std::string LogStreamOf(const std::string& job, const compute::TaskId& task);

// What stages and runs the instance. kBadJob where the instance type is unknown; models' reasons.
Result<compute::TaskSpec> SpecOf(const Scope& scope, const Job& job, int instance,
                                 const compute::RuntimeTable& runtimes);

}  // namespace aloft::transform
