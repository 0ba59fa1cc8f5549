#include "services/jobs/types.h"

#include "foundation/base/bytes.h"

namespace aloft::jobs {
namespace {

constexpr std::pair<WarmPool::Status, std::string_view> kPoolStatuses[] = {
    {WarmPool::Status::kNone, ""},
    {WarmPool::Status::kInUse, "InUse"},
    {WarmPool::Status::kAvailable, "Available"},
    {WarmPool::Status::kReused, "Reused"},
    {WarmPool::Status::kTerminated, "Terminated"},
};

}  // namespace

std::string_view ToString(WarmPool::Status status) {
  for (const auto& [one, text] : kPoolStatuses)
    if (one == status) return text;
  return "";
}

std::optional<WarmPool::Status> ParseWarmPoolStatus(std::string_view text) {
  for (const auto& [status, name] : kPoolStatuses)
    if (name == text) return status;
  return std::nullopt;
}

std::string HostName(int host) {
  return "algo-" + std::to_string(host + 1);
}

std::string LogStreamName(const Job& job, int host) {
  auto epoch = ToMicros(job.created) / 1'000'000;
  std::string stream = job.name + "/" + HostName(host) + "-" + std::to_string(epoch);
  if (job.state.attempt > 1) stream += "-" + std::to_string(job.state.attempt);
  return stream;
}

std::string TaskIdOf(std::string_view kind, const Job& job, int host) {
  std::string id = std::string(kind) + "." + job.scope.account.value() + "." + job.scope.region.value() + "." +
                   job.name + "." + std::to_string(job.state.attempt);
  if (host > 0) id += "." + std::to_string(host + 1);
  return id;
}

std::optional<JobKey> JobOfTask(std::string_view kind, const std::string& task_id) {
  std::vector<std::string_view> parts = Split(task_id, '.');
  if (parts.size() < 5 || parts.size() > 6 || parts[0] != kind) return std::nullopt;
  return JobKey{{AccountId(parts[1]), Region(parts[2])}, std::string(parts[3])};
}

}  // namespace aloft::jobs
