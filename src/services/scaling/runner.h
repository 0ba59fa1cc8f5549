// Carries out what targets wish: looks at each one's metrics, alarms and schedules, and sets its capacity. Private to
// the room.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/scaling/policy.h"
#include "services/scaling/records.h"
#include "services/scaling/service.h"

namespace aloft::scaling {

class Service::Runner {
 public:
  Runner(const Dependencies& with, Options options, Log log);

  void Start();
  void Stop();
  // One look at every target. Where one cannot be seen, the others are.
  Status Look();

 private:
  // Beside the records, and lost with the process: a policy then watches its ScaleInCooldown again before it scales in.
  struct Memory {
    int wished = -1;
    std::map<std::string, History> histories;  // by policy
  };

  Result<work::Again> Step();
  Status LookAt(Target target);
  // Each says whether it changed something: then the next look goes on.
  Result<bool> RunSchedules(Target& target);
  Result<bool> KeepBounds(const Target& target, const Capacity& capacity);
  Result<bool> FollowMetrics(const Target& target, const std::vector<Policy>& policies, const Capacity& capacity);
  Result<bool> FollowAlarms(const Target& target, const std::vector<Policy>& policies, const Capacity& capacity);
  Status Set(Target target, int from, int to, const std::string& cause);
  Result<std::optional<double>> Measure(const Target& target, const Policy& policy, bool* is_load) const;

  const Dependencies& with_;
  const Options options_;
  const Log log_;
  work::Leases leases_;
  std::optional<work::Lease> lease_;
  std::map<std::string, Memory> memories_;
  work::Loop loop_;
};

}  // namespace aloft::scaling
