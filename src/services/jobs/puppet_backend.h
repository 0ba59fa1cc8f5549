// A compute backend whose tasks do what a test says, step by step. Test code only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "platform/compute/backend.h"
#include "platform/compute/errors.h"

namespace aloft::jobs {

class PuppetBackend final : public compute::Backend {
 public:
  struct Task {
    compute::TaskSpec spec;
    compute::TaskStatus status;
    std::vector<compute::LogLine> lines;
    std::vector<compute::UsageSample> samples;
    bool stop_asked = false;
    compute::StopMode stop_mode = compute::StopMode::kOrderly;
  };

  explicit PuppetBackend(const Clock& clock) : clock_(clock) {}

  // What the test does with a task.
  void Enter(const std::string& id, compute::Phase phase, const std::string& message = {}) {
    compute::TaskStatus& status = tasks.at(id).status;
    status.phase = phase;
    status.message = message;
    status.transitions.push_back({phase, clock_.Now(), message});
    if (phase == compute::Phase::kRunning) status.command_started = clock_.Now();
  }
  void Say(const std::string& id, const std::string& text) {
    Task& task = tasks.at(id);
    task.lines.push_back({clock_.Now(), text, task.status.log_bytes});
    task.status.log_bytes += text.size() + 1;
  }
  void End(const std::string& id, compute::Outcome outcome, int exit_code = 0, const std::string& failure = {}) {
    compute::TaskStatus& status = tasks.at(id).status;
    status.outcome = outcome;
    status.exit_code = exit_code;
    status.failure = failure;
    status.log_complete = true;
    Enter(id, compute::Phase::kEnded);
  }

  Status Start(const compute::TaskSpec& spec) override {
    ++starts;
    if (refuse_start) return *refuse_start;
    if (!tasks.contains(spec.id.value())) {
      tasks[spec.id.value()].spec = spec;
      Enter(spec.id.value(), compute::Phase::kPending);
    }
    return {};
  }
  Result<compute::TaskStatus> Observe(const compute::TaskId& id) override {
    if (unavailable) return Fail(kUnavailable, "the backend is away");
    auto found = tasks.find(id.value());
    if (found == tasks.end()) return Fail(compute::kNoSuchTask, "no such task");
    return found->second.status;
  }
  Status Stop(const compute::TaskId& id, compute::StopMode mode) override {
    ++stops;
    auto found = tasks.find(id.value());
    if (found != tasks.end()) {
      found->second.stop_asked = true;
      found->second.stop_mode = mode;
    }
    return {};
  }
  Status Remove(const compute::TaskId& id) override {
    ++removes;
    tasks.erase(id.value());
    return {};
  }
  Result<compute::LogChunk> ReadLog(const compute::TaskId& id, std::uint64_t offset, std::size_t max_bytes) override {
    compute::LogChunk chunk;
    chunk.next_offset = offset;
    auto found = tasks.find(id.value());
    if (found == tasks.end()) return Fail(compute::kNoSuchTask, "no such task");
    std::size_t bytes = 0;
    for (const compute::LogLine& line : found->second.lines) {
      if (line.offset < offset) continue;
      if (bytes > 0 && bytes + line.text.size() > max_bytes) break;
      bytes += line.text.size() + 1;
      chunk.lines.push_back(line);
      chunk.next_offset = line.offset + line.text.size() + 1;
    }
    return chunk;
  }
  Result<compute::UsageChunk> ReadUsage(const compute::TaskId& id, std::uint64_t offset) override {
    auto found = tasks.find(id.value());
    if (found == tasks.end()) return Fail(compute::kNoSuchTask, "no such task");
    const auto& samples = found->second.samples;
    auto first = samples.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(offset, samples.size()));
    return compute::UsageChunk{{first, samples.end()}, samples.size()};
  }
  Result<std::vector<compute::TaskId>> List() override {
    std::vector<compute::TaskId> ids;
    for (const auto& [id, task] : tasks) ids.emplace_back(id);
    return ids;
  }

  std::map<std::string, Task> tasks;
  int starts = 0, stops = 0, removes = 0;
  std::optional<Error> refuse_start;
  bool unavailable = false;

 private:
  const Clock& clock_;
};

}  // namespace aloft::jobs
