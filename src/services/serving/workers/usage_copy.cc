#include "services/serving/workers/usage_copy.h"

#include <functional>

namespace aloft::serving {
namespace {

constexpr std::chrono::seconds kInterval{5};
// What is older was stored by the server before this one, whose place nobody knows.
constexpr std::chrono::minutes kOldest{15};
constexpr int kChunks = 16;  // of 64 KiB, at a time

}  // namespace

Status UsageCopy::Copy(const WorkerName& worker) {
  const compute::TaskId id = TaskIdOf(worker);
  const Time now = clock_.Now();
  Place place;
  {
    std::lock_guard lock(mutex_);
    Place& known = places_[id];
    if (now < known.next) return {};
    known.next = now + kInterval;
    place = known;
  }
  const telemetry::Scope scope{worker.scope.account, worker.scope.region};
  for (int i = 0; i < kChunks; ++i) {
    ALOFT_ASSIGN(compute::UsageChunk chunk, backend_.ReadUsage(id, place.offset));
    if (chunk.next_offset == place.offset) break;
    std::vector<telemetry::MetricPoint> points;
    for (const compute::UsageSample& sample : chunk.samples) {
      if (sample.at < now - kOldest) continue;
      auto add = [&](const char* name, const std::optional<double>& value) {
        if (!value) return;
        telemetry::MetricPoint& point = points.emplace_back();
        point.metric = {
            "/aws/sagemaker/Endpoints", name, {{"EndpointName", worker.endpoint}, {"VariantName", worker.variant}}};
        point.timestamp = sample.at;
        point.unit = "Percent";
        point.values = {*value};
        // Of several workers each is an observation; the same one again is none.
        point.identity = std::hash<std::string>()(id.value());
      };
      add("CPUUtilization", sample.cpu_percent);
      add("MemoryUtilization", sample.memory_percent);
      add("DiskUtilization", sample.disk_percent);
      add("GPUUtilization", sample.gpu_percent);
      add("GPUMemoryUtilization", sample.gpu_memory_percent);
    }
    if (!points.empty()) ALOFT_TRY(metrics_.Put(scope, points));
    place.offset = chunk.next_offset;
    std::lock_guard lock(mutex_);
    places_[id].offset = place.offset;
  }
  return {};
}

void UsageCopy::Forget(const WorkerName& worker) {
  std::lock_guard lock(mutex_);
  places_.erase(TaskIdOf(worker));
}

}  // namespace aloft::serving
