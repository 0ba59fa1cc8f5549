// Brings what workers write to the log store, once, however often it is asked.
#pragma once

#include <map>
#include <mutex>

#include "platform/compute/backend.h"
#include "platform/telemetry/log_store.h"
#include "services/serving/workers/worker_task.h"

namespace aloft::serving {

// Thread-safe for different workers.
class LogShipper {
 public:
  LogShipper(compute::Backend& backend, telemetry::LogStore& logs) : backend_(backend), logs_(logs) {}

  // Ships at most `max_pages` pages; true where more may be there. A task without a log has nothing to ship.
  Result<bool> Ship(const WorkerName& worker, int max_pages);
  void Forget(const WorkerName& worker);

 private:
  Result<std::uint64_t> Position(const telemetry::Scope& scope, const WorkerName& worker);

  compute::Backend& backend_;
  telemetry::LogStore& logs_;
  std::mutex mutex_;
  std::map<compute::TaskId, std::uint64_t> positions_;  // shipped so far
};

}  // namespace aloft::serving
