// Control groups, version 1: one directory per controller. docs.kernel.org/admin-guide/cgroup-v1
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "foundation/os/cgroup_drivers.h"
#include "foundation/os/cgroup_files.h"

namespace aloft::os::internal {
namespace {

class CgroupsV1 final : public Cgroups {
 public:
  CgroupsV1(std::string mount, std::string parent) : mount_(std::move(mount)), parent_(std::move(parent)) {
    support_.driver = "v1";
    support_.cpu = Usable("cpu");
    support_.memory = Usable("memory");
    support_.processes = Usable("pids");
    freezer_ = Usable("freezer");
    Usable("cpuacct");
    for (auto [has, name] : {std::pair(support_.cpu, "cpu"), {support_.memory, "memory"}, {support_.processes, "pids"}})
      if (!has) support_.why += std::string(support_.why.empty() ? "" : ", ") + "no cgroup v1 controller " + name;
  }

  const CgroupSupport& support() const override { return support_; }

  Status Create(const std::string& name, const CgroupLimits& limits) override {
    for (const auto& controller : controllers_) ALOFT_TRY(MakeGroup(Path(controller, name)));
    if (support_.cpu && limits.cpus > 0) {
      auto shares = std::clamp<std::int64_t>(static_cast<std::int64_t>(limits.cpus * 1024), 2, 262'144);
      ALOFT_TRY(WriteControl(Path("cpu", name) + "/cpu.shares", std::to_string(shares)));
    }
    if (support_.memory && limits.memory_bytes > 0) {
      std::string directory = Path("memory", name), bytes = std::to_string(limits.memory_bytes);
      ALOFT_TRY(WriteControl(directory + "/memory.limit_in_bytes", bytes));
      // Only where swap is accounted; without it the limit could be escaped by swapping.
      static_cast<void>(WriteControl(directory + "/memory.memsw.limit_in_bytes", bytes));
    }
    if (support_.processes && limits.max_processes > 0)
      ALOFT_TRY(WriteControl(Path("pids", name) + "/pids.max", std::to_string(limits.max_processes)));
    return {};
  }

  Status Add(const std::string& name, pid_t pid) override {
    for (const auto& controller : controllers_)
      ALOFT_TRY(WriteControl(Path(controller, name) + "/cgroup.procs", std::to_string(pid)));
    return {};
  }

  Result<CgroupUsage> Usage(const std::string& name) override {
    CgroupUsage usage;
    std::string memory = Path("memory", name);
    usage.memory_peak_bytes = ReadNumber(memory + "/memory.max_usage_in_bytes");
    usage.memory_bytes = ReadNumber(memory + "/memory.usage_in_bytes");
    usage.oom_kills = ReadField(memory + "/memory.oom_control", "oom_kill");
    usage.cpu_micros = ReadNumber(Path("cpuacct", name) + "/cpuacct.usage") / 1000;
    usage.refused_forks = ReadField(Path("pids", name) + "/pids.events", "max");
    return usage;
  }

  std::vector<pid_t> Processes(const std::string& name) override {
    return controllers_.empty() ? std::vector<pid_t>{}
                                : ReadProcesses(Path(controllers_.front(), name) + "/cgroup.procs");
  }

  Status Remove(const std::string& name) override {
    std::vector<std::string> directories;
    for (const auto& controller : controllers_) directories.push_back(Path(controller, name));
    return EmptyAndRemove(directories, [&] {
      // A frozen group cannot fork away from the kill.
      std::string state = Path("freezer", name) + "/freezer.state";
      if (freezer_) static_cast<void>(WriteControl(state, "FROZEN"));
      for (const auto& controller : controllers_)
        for (pid_t pid : ReadProcesses(Path(controller, name) + "/cgroup.procs")) ::kill(pid, SIGKILL);
      if (freezer_) static_cast<void>(WriteControl(state, "THAWED"));
    });
  }

 private:
  std::string Path(const std::string& controller, const std::string& name) const {
    return mount_ + "/" + controller + "/" + parent_ + "/" + name;
  }

  bool Usable(const std::string& controller) {
    std::string directory = mount_ + "/" + controller;
    if (::access((directory + "/cgroup.procs").c_str(), W_OK) != 0) return false;
    if (!MakeGroup(directory + "/" + parent_).ok()) return false;
    controllers_.push_back(controller);
    return true;
  }

  std::string mount_, parent_;
  CgroupSupport support_;
  std::vector<std::string> controllers_;
  bool freezer_ = false;
};

}  // namespace

std::unique_ptr<Cgroups> OpenCgroupsV1(const std::string& mount, const std::string& parent) {
  return std::make_unique<CgroupsV1>(mount, parent);
}

}  // namespace aloft::os::internal
