// Control groups, version 2: one tree. docs.kernel.org/admin-guide/cgroup-v2
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "foundation/os/cgroup_drivers.h"
#include "foundation/os/cgroup_files.h"

namespace aloft::os::internal {
namespace {

class CgroupsV2 final : public Cgroups {
 public:
  CgroupsV2(std::string mount, const std::string& parent) : parent_(mount + "/" + parent) {
    support_.driver = "v2";
    if (!MakeGroup(parent_).ok()) {
      support_.why = "may not make " + parent_ + "; run as root, or delegate a cgroup to this user";
      return;
    }
    // Each controller by itself: one that is missing must not take the others with it.
    auto enable = [&](const std::string& controller) {
      static_cast<void>(WriteControl(mount + "/cgroup.subtree_control", controller));  // may be enabled above us
      return WriteControl(parent_ + "/cgroup.subtree_control", controller).ok();
    };
    support_.cpu = enable("+cpu");
    support_.memory = enable("+memory");
    support_.processes = enable("+pids");
    for (auto [has, name] : {std::pair(support_.cpu, "cpu"), {support_.memory, "memory"}, {support_.processes, "pids"}})
      if (!has)
        support_.why +=
            std::string(support_.why.empty() ? "" : ", ") + "no cgroup v2 controller " + name + " below " + parent_;
  }

  const CgroupSupport& support() const override { return support_; }

  Status Create(const std::string& name, const CgroupLimits& limits) override {
    std::string directory = Path(name);
    ALOFT_TRY(MakeGroup(directory));
    if (support_.cpu && limits.cpus > 0) {
      auto weight = std::clamp<std::int64_t>(static_cast<std::int64_t>(limits.cpus * 100), 1, 10'000);
      ALOFT_TRY(WriteControl(directory + "/cpu.weight", std::to_string(weight)));
    }
    if (support_.memory && limits.memory_bytes > 0) {
      ALOFT_TRY(WriteControl(directory + "/memory.max", std::to_string(limits.memory_bytes)));
      static_cast<void>(WriteControl(directory + "/memory.swap.max", "0"));  // absent where swap is not accounted
    }
    if (support_.processes && limits.max_processes > 0)
      ALOFT_TRY(WriteControl(directory + "/pids.max", std::to_string(limits.max_processes)));
    return {};
  }

  Status Add(const std::string& name, pid_t pid) override {
    return WriteControl(Path(name) + "/cgroup.procs", std::to_string(pid));
  }

  Result<CgroupUsage> Usage(const std::string& name) override {
    std::string directory = Path(name);
    CgroupUsage usage;
    usage.memory_peak_bytes = ReadNumber(directory + "/memory.peak");  // since Linux 5.19; 0 before
    usage.memory_bytes = ReadNumber(directory + "/memory.current");
    usage.oom_kills = ReadField(directory + "/memory.events", "oom_kill");
    usage.cpu_micros = ReadField(directory + "/cpu.stat", "usage_usec");
    usage.refused_forks = ReadField(directory + "/pids.events", "max");
    return usage;
  }

  std::vector<pid_t> Processes(const std::string& name) override { return ReadProcesses(Path(name) + "/cgroup.procs"); }

  Status Remove(const std::string& name) override {
    return EmptyAndRemove({Path(name)}, [&] {
      if (WriteControl(Path(name) + "/cgroup.kill", "1").ok()) return;  // since Linux 5.14
      for (pid_t pid : Processes(name)) ::kill(pid, SIGKILL);
    });
  }

 private:
  std::string Path(const std::string& name) const { return parent_ + "/" + name; }

  std::string parent_;
  CgroupSupport support_;
};

}  // namespace

std::unique_ptr<Cgroups> OpenCgroupsV2(const std::string& mount, const std::string& parent) {
  return std::make_unique<CgroupsV2>(mount, parent);
}

}  // namespace aloft::os::internal
