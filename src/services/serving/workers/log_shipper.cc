#include "services/serving/workers/log_shipper.h"

#include "platform/compute/errors.h"
#include "platform/telemetry/errors.h"

namespace aloft::serving {
namespace {

constexpr std::size_t kPageBytes = 256 * 1024;

}  // namespace

Result<std::uint64_t> LogShipper::Position(const telemetry::Scope& scope, const WorkerName& worker) {
  {
    std::lock_guard lock(mutex_);
    auto found = positions_.find(TaskIdOf(worker));
    if (found != positions_.end()) return found->second;
  }
  Result<telemetry::LogStream> stream = logs_.FindStream(scope, LogGroupOf(worker), LogStreamOf(worker));
  if (stream.ok()) return stream->acknowledged;
  if (stream.error().kind() == ErrorKind::kNotFound) return 0;
  return std::move(stream).error();
}

Result<bool> LogShipper::Ship(const WorkerName& worker, int max_pages) {
  telemetry::Scope scope{worker.scope.account, worker.scope.region};
  compute::TaskId id = TaskIdOf(worker);
  ALOFT_ASSIGN(std::uint64_t position, Position(scope, worker));
  for (int page = 0; page < max_pages; ++page) {
    Result<compute::LogChunk> chunk = backend_.ReadLog(id, position, kPageBytes);
    if (!chunk.ok() && chunk.error().kind() == ErrorKind::kNotFound) return false;
    if (!chunk.ok()) return std::move(chunk).error();
    if (chunk->lines.empty()) return false;
    std::vector<telemetry::LogEvent> events;
    events.reserve(chunk->lines.size());
    for (compute::LogLine& line : chunk->lines) events.push_back({line.at, std::move(line.text)});
    ALOFT_ASSIGN(position,
                 logs_.AppendAt(scope, LogGroupOf(worker), LogStreamOf(worker), position, chunk->next_offset, events));
    std::lock_guard lock(mutex_);
    positions_[id] = position;
  }
  return true;
}

void LogShipper::Forget(const WorkerName& worker) {
  std::lock_guard lock(mutex_);
  positions_.erase(TaskIdOf(worker));
}

}  // namespace aloft::serving
