// A compute backend and workers that a test moves by hand. Test code only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "platform/compute/backend.h"
#include "platform/compute/errors.h"
#include "services/serving/routing/worker_client.h"

namespace aloft::serving {

class PuppetBackend final : public compute::Backend {
 public:
  Status Start(const compute::TaskSpec& spec) override {
    if (!refuse_start.empty()) return Fail(compute::kResourceLimitExceeded, refuse_start);
    if (!tasks.contains(spec.id)) {
      started.push_back(spec);
      tasks[spec.id].socket_path = "/sockets/" + spec.id.value();
    }
    return {};
  }
  Result<compute::TaskStatus> Observe(const compute::TaskId& id) override {
    auto found = tasks.find(id);
    if (found == tasks.end()) return Fail(compute::kNoSuchTask, "no such task");
    return found->second;
  }
  Status Stop(const compute::TaskId&, compute::StopMode) override { return {}; }
  Status Remove(const compute::TaskId& id) override {
    if (stays.contains(id)) return Fail(kDeadlineExceeded, "its control group is not empty");
    if (tasks.erase(id) > 0) removed.push_back(id);
    return {};
  }
  Result<compute::LogChunk> ReadLog(const compute::TaskId& id, std::uint64_t offset, std::size_t) override {
    compute::LogChunk chunk;
    for (const compute::LogLine& line : logs[id]) {
      if (line.offset < offset) continue;
      chunk.lines.push_back(line);
      chunk.next_offset = line.offset + line.text.size() + 1;
    }
    return chunk;
  }
  Result<std::vector<compute::TaskId>> List() override {
    std::vector<compute::TaskId> ids;
    for (const auto& [id, status] : tasks) ids.push_back(id);
    return ids;
  }

  void Run(const compute::TaskId& id, Time now) {
    tasks[id].phase = compute::Phase::kRunning;
    tasks[id].command_started = now;
  }
  void End(const compute::TaskId& id, compute::Outcome outcome, std::string failure) {
    tasks[id].phase = compute::Phase::kEnded;
    tasks[id].outcome = outcome;
    tasks[id].failure = std::move(failure);
  }
  void Write(const compute::TaskId& id, Time now, std::string text) {
    std::vector<compute::LogLine>& lines = logs[id];
    std::uint64_t offset = lines.empty() ? 0 : lines.back().offset + lines.back().text.size() + 1;
    lines.push_back({now, std::move(text), offset});
  }

  std::map<compute::TaskId, compute::TaskStatus> tasks;
  std::map<compute::TaskId, std::vector<compute::LogLine>> logs;
  std::vector<compute::TaskSpec> started;
  std::vector<compute::TaskId> removed;
  std::string refuse_start;
  std::set<compute::TaskId> stays;  // cannot be removed
};

class PuppetWorkers final : public WorkerClient {
 public:
  struct Pending {
    std::string socket;
    Invocation invocation;
    std::function<void(Result<WorkerAnswer>)> done;
  };

  void Ping(const std::string& socket, std::function<void(Pong)> done) override {
    ++pings;
    done({healthy[socket], engine});
  }
  void Invoke(const std::string& socket, const Invocation& invocation, std::chrono::milliseconds,
              std::function<void(Result<WorkerAnswer>)> done) override {
    if (away[socket]) return done(Fail(kUnavailable, "no connection"));
    pending.push_back({socket, invocation, std::move(done)});
  }
  // Answers the oldest request.
  void Answer(int status, std::string body) {
    Pending request = std::move(pending.front());
    pending.erase(pending.begin());
    WorkerAnswer answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = std::move(body);
    request.done(std::move(answer));
  }
  void Break(Error error) {
    Pending request = std::move(pending.front());
    pending.erase(pending.begin());
    request.done(std::move(error));
  }

  std::string engine;  // of all that answer
  std::map<std::string, bool> healthy, away;
  std::vector<Pending> pending;
  int pings = 0;
};

}  // namespace aloft::serving
