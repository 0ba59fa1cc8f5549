#include "services/training/types.h"

#include "foundation/base/bytes.h"
#include "services/resources/arn.h"

namespace aloft::training {
namespace {
constexpr char kTaskKind[] = "training";
}  // namespace

std::string JobArn(const Scope& scope, const std::string& name) {
  return resources::SageMakerArn(scope.account, scope.region, "training-job", name);
}

std::string LogStreamName(const Job& job) {
  auto epoch = ToMicros(job.created) / 1'000'000;
  std::string stream = job.name + "/algo-1-" + std::to_string(epoch);
  if (job.state.attempt > 1) stream += "-" + std::to_string(job.state.attempt);
  return stream;
}

std::string TaskIdOf(const Job& job) {
  return std::string(kTaskKind) + "." + job.scope.account.value() + "." + job.scope.region.value() + "." + job.name +
         "." + std::to_string(job.state.attempt);
}

std::optional<JobKey> JobOfTask(const std::string& task_id) {
  std::vector<std::string_view> parts = Split(task_id, '.');
  if (parts.size() != 5 || parts[0] != kTaskKind) return std::nullopt;
  return JobKey{{AccountId(parts[1]), Region(parts[2])}, std::string(parts[3])};
}

}  // namespace aloft::training
