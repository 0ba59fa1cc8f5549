// Carries transform jobs out: the thin loop around policy.h. Of several servers over one database, the one that holds
// the lease acts. A restart repeats the wish and finds the world as it is.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/transform/policy.h"
#include "services/transform/service.h"

namespace aloft::transform {

class Runner {
 public:
  Runner(const Dependencies& with, std::string holder, Log log);

  void Start();
  void Stop();
  void Wake(const Scope& scope, const std::string& job);
  void OnTaskChange(const compute::TaskId& task);

 private:
  Result<work::Again> Look(const std::string& key);
  Result<work::Again> StepLease();
  Result<work::Again> StepJob(const Scope& scope, Job job);
  Result<View> See(const Scope& scope, const Job& job);
  Status Act(const Scope& scope, Job& job, const Action& action);
  Status StartTasks(const Scope& scope, const Job& job);
  Status RemoveTasks(const Scope& scope, const Job& job);
  Status Save(const Scope& scope, Job& job);
  // Everything the task has written so far, into its log stream.
  Status CopyLog(const Scope& scope, const std::string& job, const compute::TaskId& task);
  Status EndOrphans();
  std::optional<work::Lease> HeldLease();

  const Dependencies& with_;
  const std::string holder_;
  const Log log_;
  work::Leases leases_;
  std::mutex mutex_;
  std::optional<work::Lease> lease_;
  std::map<std::string, std::string> cannot_start_;  // by key: why
  work::Loop loop_;
};

}  // namespace aloft::transform
