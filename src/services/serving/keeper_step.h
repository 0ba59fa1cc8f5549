// One look of the keeper at one endpoint. Private to the room.
#pragma once

#include "services/serving/keeper.h"

namespace aloft::serving {

WorkerName NameOf(const Scope& scope, const std::string& endpoint, const Deployment& deployment, const Slot& slot);

struct Keeper::Step {
 public:
  Step(Keeper& keeper, Scope scope, Endpoint endpoint, Memory& memory)
      : keeper_(keeper),
        with_(keeper.with_),
        scope_(std::move(scope)),
        endpoint_(std::move(endpoint)),
        memory_(memory),
        now_(with_.clock.Now()) {}

  Result<work::Again> Run();

 private:
  // Seeing.
  Result<std::vector<SlotView>> See(const Deployment& deployment, bool trusted);
  Result<SlotView> SeeSlot(const Deployment& deployment, const Slot& slot, bool trusted);
  void LookAt(Time time);

  // Acting. An action that changes the record is the last of its step.
  Status Act(const Action& action, bool* changed);
  Status StartSlot(const Deployment& deployment, const Slot& slot);
  Status Retry(const Action& action);
  Status Promote();
  Status Abandon(const std::string& reason);
  Status FailAll(const std::string& reason);
  Status ForgetAll();
  Status Save();
  void End(const std::optional<Deployment>& deployment);

  void Publish(const std::optional<std::vector<SlotView>>& current);
  void EndRetired();

  Keeper& keeper_;
  const Collaborators& with_;
  const Scope scope_;
  Endpoint endpoint_;
  Memory& memory_;
  const Time now_;
  std::optional<Time> again_;
  std::map<compute::TaskId, std::string> sockets_;
};

}  // namespace aloft::serving
