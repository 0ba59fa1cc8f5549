// From the tasks' samples to metric series: the namespace of the job's log group, the dimension Host as SageMaker names
// it. docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (SageMaker jobs metrics)
#include "services/jobs/engine.h"
#include "services/jobs/live.h"

namespace aloft::jobs {
namespace {

// The store takes points of the last two weeks.
constexpr auto kOldest = std::chrono::hours(24 * 13);

void AddPoints(const telemetry::MetricName& metric, const compute::UsageSample& sample, std::uint64_t identity,
               std::vector<telemetry::MetricPoint>& points) {
  auto add = [&](const char* name, const std::optional<double>& value, const char* unit) {
    if (!value) return;
    telemetry::MetricPoint point{.metric = metric, .timestamp = sample.at, .unit = unit, .values = {*value}};
    point.metric.name = name;
    point.identity = identity;
    points.push_back(std::move(point));
  };
  add("CPUUtilization", sample.cpu_percent, "Percent");
  add("MemoryUtilization", sample.memory_percent, "Percent");
  add("DiskUtilization", sample.disk_percent, "Percent");
  add("GPUUtilization", sample.gpu_percent, "Percent");
  add("GPUMemoryUtilization", sample.gpu_memory_percent, "Percent");
  add("NetworkReceived", static_cast<double>(sample.received_bytes), "Bytes");
  add("NetworkSent", static_cast<double>(sample.sent_bytes), "Bytes");
}

}  // namespace

// A server that comes back reads all of them again: the same sample is the same point. Series that cannot be stored
// spoil no job.
void Engine::CopyUsage(const Job& job, Live& live, const Hosts& hosts) {
  if (d_.metrics == nullptr) return;
  for (std::size_t host = 0; host < hosts.size(); ++host) {
    if (!hosts[host] || !hosts[host]->command_started) continue;
    compute::TaskId task(TaskIdOf(names_.kind, job, static_cast<int>(host)));
    telemetry::MetricName metric{names_.log_group, {}, {{"Host", job.name + "/" + HostName(static_cast<int>(host))}}};
    while (CopyChunk(job, task, metric, live.usage_offsets[host])) {
    }
  }
}

// False where there is no more, or not now.
bool Engine::CopyChunk(const Job& job, const compute::TaskId& task, const telemetry::MetricName& metric,
                       std::uint64_t& offset) {
  auto chunk = d_.backend.ReadUsage(task, offset);
  if (!chunk.ok() || chunk->next_offset == offset) return false;
  std::vector<telemetry::MetricPoint> points;
  for (const compute::UsageSample& sample : chunk->samples)
    if (sample.at > d_.clock.Now() - kOldest)
      AddPoints(metric, sample, static_cast<std::uint64_t>(job.state.attempt), points);
  Status put = points.empty() ? Status() : d_.metrics->Put(job.scope, points);
  if (!put.ok()) {
    d_.log.Warn("what a job uses cannot be stored", {{"job", job.name}, {"error", Describe(put.error())}});
    if (put.error().kind() != ErrorKind::kInvalid) return false;  // tried again
  }
  offset = chunk->next_offset;
  return true;
}

}  // namespace aloft::jobs
