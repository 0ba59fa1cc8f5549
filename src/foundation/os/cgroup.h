// Control groups: limits over a whole tree of processes, and the end of all of them at once.
//
// Three drivers behind one interface: v1 (one directory per controller), v2 (one directory), and none, which enforces
// nothing itself and says so; callers then fall back on rlimits.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::os {

struct CgroupLimits {
  double cpus = 0;                 // a share beside other groups; 0: the default
  std::uint64_t memory_bytes = 0;  // 0: none
  int max_processes = 0;           // 0: none
};

struct CgroupUsage {
  std::uint64_t memory_peak_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t cpu_micros = 0;
  std::uint64_t oom_kills = 0;      // processes that the memory limit ended
  std::uint64_t refused_forks = 0;  // by the process limit
};

struct CgroupSupport {
  std::string driver{};  // "v1", "v2", "none"
  bool cpu = false;
  bool memory = false;
  bool processes = false;
  std::string why{};  // what is missing and how to mend it; empty where nothing is
};

class Cgroups {
 public:
  virtual ~Cgroups() = default;
  virtual const CgroupSupport& support() const = 0;
  // `name`: one path element. Creating what exists sets the limits again.
  virtual Status Create(const std::string& name, const CgroupLimits& limits) = 0;
  virtual Status Add(const std::string& name, pid_t pid) = 0;
  virtual Result<CgroupUsage> Usage(const std::string& name) = 0;
  virtual std::vector<pid_t> Processes(const std::string& name) = 0;
  // Ends every process in it and removes it. Removing what is not there succeeds; kDeadlineExceeded where processes
  // that the kernel cannot end (in uninterruptible sleep) keep it for more than some seconds.
  virtual Status Remove(const std::string& name) = 0;
};

// `mount`: "/sys/fs/cgroup" but in tests. Groups are made below `<mount>/[<controller>/]<parent>`. Falls back to none.
std::unique_ptr<Cgroups> DetectCgroups(const std::string& mount = "/sys/fs/cgroup",
                                       const std::string& parent = "aloft");

std::unique_ptr<Cgroups> NoCgroups(std::string why);

}  // namespace aloft::os
