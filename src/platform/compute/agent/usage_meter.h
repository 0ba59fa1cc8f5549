// Writes the samples of one task (usage.h) while its code runs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "foundation/base/clock.h"
#include "foundation/os/cgroup.h"
#include "foundation/os/fd.h"
#include "platform/compute/task.h"
#include "platform/compute/usage.h"

namespace aloft::compute {

// What the code has used since it began.
struct UsageTotals {
  std::uint64_t cpu_micros = 0, memory_bytes = 0;  // memory: now
  bool grouped = false;                            // the two above are known
  std::uint64_t disk_bytes = 0;                    // now
  std::uint64_t received_bytes = 0, sent_bytes = 0;
};

class UsageMeter {
 public:
  using Steady = std::chrono::steady_clock;

  UsageMeter(const std::string& directory, const Limits& limits, const Clock& clock);
  ~UsageMeter();

  // Whether a sample is to be taken: after five seconds, then every ten, after two minutes every sixty.
  bool IsDue(Steady::time_point now) const { return now >= due_; }
  void Take(const UsageTotals& totals, Steady::time_point now);
  // After the code has ended, when it holds no memory any more: the last sample, of what it held before.
  void TakeLast(UsageTotals totals, std::uint64_t peak_memory_bytes);

 private:
  void LookAtGpus();

  const Limits limits_;
  const Clock& clock_;
  os::Fd file_;
  const Steady::time_point started_;
  Steady::time_point last_at_, due_;
  UsageTotals last_;
  // nvidia-smi takes a second or two, for which the task's limits cannot wait.
  std::mutex mutex_;
  UsageSample gpus_;
  std::atomic<bool> stop_{false};
  std::thread gpu_thread_;
};

}  // namespace aloft::compute
