#include "platform/compute/agent/usage_meter.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "foundation/os/process.h"

namespace aloft::compute {
namespace {

using namespace std::chrono_literals;

constexpr char kGpuProgram[] = "/usr/bin/nvidia-smi";
constexpr auto kGpuLook = 5s;

}  // namespace

UsageMeter::UsageMeter(const std::string& directory, const Limits& limits, const Clock& clock)
    : limits_(limits), clock_(clock), started_(Steady::now()), last_at_(started_), due_(started_ + 5s) {
  std::string path = directory + "/" + kUsageFile;
  file_ = os::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  if (limits.gpus > 0 && ::access(kGpuProgram, X_OK) == 0) gpu_thread_ = std::thread([this] { LookAtGpus(); });
}

UsageMeter::~UsageMeter() {
  stop_ = true;
  if (gpu_thread_.joinable()) gpu_thread_.join();
}

void UsageMeter::LookAtGpus() {
  while (!stop_) {
    std::string text;
    os::CommandOptions options;
    options.argv = {kGpuProgram, "--query-gpu=utilization.gpu,memory.used,memory.total",
                    "--format=csv,noheader,nounits"};
    options.deadline = 10s;
    options.output = [&](std::string_view line) { text.append(line).append("\n"); };
    options.cancelled = [this] { return stop_.load(); };
    UsageSample seen;
    if (os::RunCommand(options).ok() && ParseGpus(text, seen)) {
      std::lock_guard lock(mutex_);
      gpus_ = seen;
    }
    for (auto waited = 0ms; waited < kGpuLook && !stop_; waited += 100ms) std::this_thread::sleep_for(100ms);
  }
}

void UsageMeter::Take(const UsageTotals& totals, Steady::time_point now) {
  due_ = now + (now - started_ < 120s ? 10s : 60s);
  double micros = static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(now - last_at_).count());
  UsageSample sample;
  sample.at = clock_.Now();
  auto since = [](std::uint64_t value, std::uint64_t before) { return value - std::min(value, before); };
  if (totals.grouped) {
    sample.cpu_percent = 100 * static_cast<double>(since(totals.cpu_micros, last_.cpu_micros)) / std::max(micros, 1.0);
    sample.memory_percent = 100 * static_cast<double>(totals.memory_bytes) /
                            static_cast<double>(std::max<std::uint64_t>(limits_.memory_bytes, 1));
  }
  sample.disk_percent = 100 * static_cast<double>(totals.disk_bytes) /
                        static_cast<double>(std::max<std::uint64_t>(limits_.disk_bytes, 1));
  sample.received_bytes = since(totals.received_bytes, last_.received_bytes);
  sample.sent_bytes = since(totals.sent_bytes, last_.sent_bytes);
  {
    std::lock_guard lock(mutex_);
    sample.gpu_percent = gpus_.gpu_percent;
    sample.gpu_memory_percent = gpus_.gpu_memory_percent;
  }
  last_ = totals;
  last_at_ = now;
  std::string line = EncodeUsage(sample);
  // A sample that does not fit on a full disk is not worth the task.
  if (file_) static_cast<void>(!::write(file_.get(), line.data(), line.size()));
}

void UsageMeter::TakeLast(UsageTotals totals, std::uint64_t peak_memory_bytes) {
  totals.memory_bytes = last_at_ == started_ ? peak_memory_bytes : last_.memory_bytes;
  Take(totals, Steady::now());
}

}  // namespace aloft::compute
