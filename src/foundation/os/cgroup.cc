#include "foundation/os/cgroup.h"

#include <unistd.h>

#include "foundation/os/cgroup_drivers.h"

namespace aloft::os {
namespace {

class NoGroups final : public Cgroups {
 public:
  explicit NoGroups(std::string why) {
    support_.driver = "none";
    support_.why = std::move(why);
  }
  const CgroupSupport& support() const override { return support_; }
  Status Create(const std::string&, const CgroupLimits&) override { return {}; }
  Status Add(const std::string&, pid_t) override { return {}; }
  Result<CgroupUsage> Usage(const std::string&) override { return CgroupUsage{}; }
  std::vector<pid_t> Processes(const std::string&) override { return {}; }
  Status Remove(const std::string&) override { return {}; }

 private:
  CgroupSupport support_;
};

}  // namespace

std::unique_ptr<Cgroups> DetectCgroups(const std::string& mount, const std::string& parent) {
  auto usable = [](const Cgroups& groups) {
    const CgroupSupport& support = groups.support();
    return support.cpu || support.memory || support.processes;
  };
  std::unique_ptr<Cgroups> found;
  // A hybrid machine has v1 controllers and an (empty) v2 tree below "unified": v1 is where its limits are.
  if (::access((mount + "/cgroup.controllers").c_str(), F_OK) == 0)
    found = internal::OpenCgroupsV2(mount, parent);
  else if (::access((mount + "/memory/cgroup.procs").c_str(), F_OK) == 0 ||
           ::access((mount + "/pids/cgroup.procs").c_str(), F_OK) == 0)
    found = internal::OpenCgroupsV1(mount, parent);
  if (found && usable(*found)) return found;
  return NoCgroups(found && !found->support().why.empty()
                       ? found->support().why
                       : "no control groups at " + mount + "; limits are per process (rlimits) only");
}

std::unique_ptr<Cgroups> NoCgroups(std::string why) {
  return std::make_unique<NoGroups>(std::move(why));
}

}  // namespace aloft::os
