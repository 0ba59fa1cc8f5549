// One look of the keeper at one endpoint. Private to the room.
#pragma once

#include <set>

#include "services/serving/keeper.h"

namespace aloft::serving {

struct Keeper::Step {
 public:
  // Without a lease it only looks.
  Step(Keeper& keeper, Scope scope, Endpoint endpoint, Memory& memory, std::optional<work::Lease> lease)
      : keeper_(keeper),
        with_(keeper.with_),
        scope_(std::move(scope)),
        endpoint_(std::move(endpoint)),
        memory_(memory),
        lease_(std::move(lease)),
        now_(with_.clock.Now()) {}

  Result<work::Again> Run();

 private:
  // Seeing.
  Result<std::vector<SlotView>> See(const Deployment& deployment, bool trusted);
  Result<SlotView> SeeSlot(const Deployment& deployment, const Slot& slot, bool trusted);
  // What a server without the lease sees: where the worker answers, from the record.
  SlotView SeeFromOutside(const WorkerName& name, const Slot& slot);
  void SeeHealth(const compute::TaskId& id, const std::string& socket, bool trusted, SlotView& view);
  // Notes in the record where workers answer; true where that was news.
  Result<bool> NoteSockets();
  // Of those that guard the update; empty: none.
  std::string FiringAlarm();
  void LookAt(Time time);
  work::Again AgainAt() const;

  // Acting. An action that changes the record is the last of its step.
  Status Act(const Action& action, bool* changed);
  Status StartSlot(const Deployment& deployment, const Slot& slot);
  Status Retry(const Action& action);
  Status Shift(double share);
  Status Settle();
  Status Promote();
  Status Abandon(const std::string& reason);
  Status FailAll(const std::string& reason);
  Status ForgetAll();
  Status Save();   // as a change that Describe shows
  Status Write();  // as the holder of the lease
  void End(const std::optional<Deployment>& deployment);
  void End(WorkerName worker);

  void Publish();
  Result<bool> Fit();  // whether the record was changed
  // Sleeping variants get an instance where requests wait for one; idle serverless ones lose theirs. Whether the record
  // was changed.
  Result<bool> WakeOrSleep();
  void Retire(WorkerName worker, std::chrono::seconds stay);
  void EndRetired();

  Keeper& keeper_;
  const Collaborators& with_;
  const Scope scope_;
  Endpoint endpoint_;
  Memory& memory_;
  const std::optional<work::Lease> lease_;
  const Time now_;
  std::optional<Time> again_;
  std::map<compute::TaskId, std::string> sockets_;
  std::map<compute::TaskId, std::string> engines_;  // what they say that they compute with
  std::set<compute::TaskId> answering_;
};

}  // namespace aloft::serving
