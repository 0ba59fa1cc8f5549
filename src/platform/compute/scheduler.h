// Which task may start now: a pure policy over what the machine has and what
// runs.
#pragma once

#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "platform/compute/task.h"

namespace aloft::compute {

struct Capacity {
  double vcpus = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_bytes = 0;
  int gpus = 0;
  // CPU is a share: this many times the machine's vCPUs may be promised. Memory
  // and GPUs are hard.
  double cpu_overcommit = 8;
  // Of the machine's memory, what tasks may be promised; an operator who knows
  // the tasks may set more than 1.
  double memory_share = 0.9;
  // Runs tasks that want more memory, disk or GPUs than the machine has, with what it has; an operator may allow it.
  bool allow_smaller = false;
};

struct Placement {
  enum class Verdict { kStart, kWait, kNever } verdict = Verdict::kStart;
  std::string reason;  // what is missing: "needs 16.0 GiB of memory, 3.2 GiB are free"
  Limits granted;      // with kStart: the limits to enforce
};

// What running tasks were promised, summed up.
struct InUse {
  double vcpus = 0, memory = 0;
  int gpus = 0;
  void Add(const Limits& limits);
  void Remove(const Limits& limits);
};

Placement PlaceBeside(const Capacity& capacity, const InUse& in_use, const Limits& wanted);
Placement Place(const Capacity& capacity, const std::vector<Limits>& running, const Limits& wanted);

// One who waits for room: a task, or the first host of those that start together.
struct Waiting {
  TaskId id{};
  Time accepted{};
  int priority = 0;
  std::string queue{};
  double queue_vcpus = 0;  // that tasks of its queue hold now
  double vcpus = 0;
};
// In which order they may try: higher priority first; then queues take turns, the one that holds least first; within a
// queue the oldest first. Pure.
std::vector<TaskId> StartOrder(std::vector<Waiting> waiting);

// What this machine has: CPUs this process may use, memory (and its cgroup's
// limit), free disk at `directory`, GPUs.
Capacity DetectCapacity(const std::string& directory);

}  // namespace aloft::compute
