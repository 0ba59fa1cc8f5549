#include "platform/compute/scheduler.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

namespace aloft::compute {
namespace {

std::string Gibibytes(double bytes) {
  return fmt::format("{:.1f} GiB", bytes / (1u << 30));
}

// A type's memory is its nominal size; a machine or an instance of that size never has all of it.
constexpr double kNominalTolerance = 1.25;

std::uint64_t CgroupMemoryLimit() {
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    if (std::uint64_t bytes = 0; file >> bytes && bytes > 0) return bytes;
  }
  return ~std::uint64_t{0};
}

}  // namespace

void InUse::Add(const Limits& limits) {
  vcpus += limits.vcpus;
  memory += static_cast<double>(limits.memory_bytes);
  gpus += limits.gpus;
}

void InUse::Remove(const Limits& limits) {
  vcpus -= limits.vcpus;
  memory -= static_cast<double>(limits.memory_bytes);
  gpus -= limits.gpus;
}

Placement Place(const Capacity& capacity, const std::vector<Limits>& running, const Limits& wanted) {
  InUse in_use;
  for (const Limits& limits : running) in_use.Add(limits);
  return PlaceBeside(capacity, in_use, wanted);
}

Placement PlaceBeside(const Capacity& capacity, const InUse& in_use, const Limits& wanted) {
  Placement placement;
  placement.granted = wanted;
  Limits& granted = placement.granted;
  double promised_memory = static_cast<double>(capacity.memory_bytes) * capacity.memory_share;
  double promised_cpus = capacity.vcpus * capacity.cpu_overcommit;
  auto never = [&](std::string reason) {
    placement.verdict = Placement::Verdict::kNever;
    placement.reason = std::move(reason);
    return placement;
  };
  double memory = static_cast<double>(wanted.memory_bytes);
  if (memory > promised_memory) {
    if (!capacity.allow_smaller && memory > promised_memory * kNominalTolerance)
      return never(fmt::format("it needs {} of memory and this machine gives tasks at most {}", Gibibytes(memory),
                               Gibibytes(promised_memory)));
    granted.memory_bytes = static_cast<std::uint64_t>(promised_memory);
  }
  if (wanted.gpus > capacity.gpus) {
    if (!capacity.allow_smaller)
      return never(fmt::format("it needs {} GPU{} and this machine has {}", wanted.gpus, wanted.gpus == 1 ? "" : "s",
                               capacity.gpus));
    granted.gpus = capacity.gpus;
  }
  granted.vcpus = std::min(wanted.vcpus, promised_cpus);  // a share: more of it than there is means all of it
  if (capacity.disk_bytes > 0) granted.disk_bytes = std::min(wanted.disk_bytes, capacity.disk_bytes);

  const double cpus_in_use = in_use.vcpus, memory_in_use = in_use.memory;
  const int gpus_in_use = in_use.gpus;
  auto wait = [&](std::string reason) {
    placement.verdict = Placement::Verdict::kWait;
    placement.reason = std::move(reason);
    return placement;
  };
  if (memory_in_use + static_cast<double>(granted.memory_bytes) > promised_memory)
    return wait(fmt::format("needs {} of memory, {} are free", Gibibytes(static_cast<double>(granted.memory_bytes)),
                            Gibibytes(std::max(0.0, promised_memory - memory_in_use))));
  if (gpus_in_use + granted.gpus > capacity.gpus)
    return wait(fmt::format("needs {} GPUs, {} are free", granted.gpus, capacity.gpus - gpus_in_use));
  if (cpus_in_use + granted.vcpus > promised_cpus)
    return wait(fmt::format("needs {:g} vCPUs, {:g} of {:g} promised ones are free", granted.vcpus,
                            promised_cpus - cpus_in_use, promised_cpus));
  return placement;
}

std::vector<TaskId> StartOrder(std::vector<Waiting> waiting) {
  std::sort(waiting.begin(), waiting.end(), [](const Waiting& a, const Waiting& b) {
    if (a.priority != b.priority) return a.priority > b.priority;
    return std::tie(a.accepted, a.id) < std::tie(b.accepted, b.id);
  });
  std::map<std::string, double> held;
  for (const Waiting& one : waiting) held[one.queue] = one.queue_vcpus;
  std::vector<TaskId> order;
  for (std::size_t begin = 0; begin < waiting.size();) {
    std::size_t end = begin;
    std::map<std::string, std::deque<const Waiting*>> queues;
    for (; end < waiting.size() && waiting[end].priority == waiting[begin].priority; ++end)
      queues[waiting[end].queue].push_back(&waiting[end]);
    // What has the least now, ties by who waits longest.
    std::set<std::tuple<double, Time, std::string>> turns;
    for (const auto& [name, tasks] : queues) turns.emplace(held[name], tasks.front()->accepted, name);
    while (!turns.empty()) {
      std::string name = std::get<2>(*turns.begin());
      turns.erase(turns.begin());
      auto& tasks = queues[name];
      order.push_back(tasks.front()->id);
      held[name] += tasks.front()->vcpus;
      tasks.pop_front();
      if (!tasks.empty()) turns.emplace(held[name], tasks.front()->accepted, name);
    }
    begin = end;
  }
  return order;
}

Capacity DetectCapacity(const std::string& directory) {
  Capacity capacity;
  cpu_set_t cpus;
  capacity.vcpus = ::sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
  auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  capacity.memory_bytes = std::min(pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), CgroupMemoryLimit());
  std::error_code error;
  auto space = std::filesystem::space(directory, error);
  if (!error) capacity.disk_bytes = space.available;
  for (int index = 0; index < 16; ++index)
    if (::access(("/dev/nvidia" + std::to_string(index)).c_str(), F_OK) == 0) ++capacity.gpus;
  return capacity;
}

}  // namespace aloft::compute
