// What a task uses of its machine while its code runs: samples that its agent appends to a file of the task's
// directory, and that the server reads from where it was.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::compute {

inline constexpr char kUsageFile[] = "usage";  // the agent's, append-only: docs/formats/task.md

// Over the time since the sample before it.
struct UsageSample {
  Time at{};                                                  // its end
  std::optional<double> cpu_percent{}, memory_percent{};      // 100 is one core; all of its memory. Absent without
                                                              // control groups
  double disk_percent = 0;                                    // of its volume
  std::uint64_t received_bytes = 0, sent_bytes = 0;           // by the code, over every way out of the sandbox
  std::optional<double> gpu_percent{}, gpu_memory_percent{};  // 100 is one GPU; absent without GPUs
};

struct UsageChunk {
  std::vector<UsageSample> samples{};
  std::uint64_t next_offset = 0;
};

// A line, its end included.
std::string EncodeUsage(const UsageSample& sample);
// Whole lines from `offset` (0, or a next_offset) on, at most about 64 KiB; what cannot be read is skipped.
Result<UsageChunk> ReadUsage(const std::string& directory, std::uint64_t offset);

// Of `nvidia-smi --query-gpu=utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits`, a line for each
// GPU: the sums over all of them. False where nothing of it is understood.
bool ParseGpus(std::string_view text, UsageSample& sample);

}  // namespace aloft::compute
