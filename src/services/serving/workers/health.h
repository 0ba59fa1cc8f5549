// Which workers answer their health check. Pings run on their own; what they find wakes the endpoint.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "platform/compute/task.h"
#include "services/serving/routing/worker_client.h"

namespace aloft::serving {

inline constexpr std::chrono::milliseconds kFirstPing{5};  // while a worker comes up: a Unix socket costs nothing
inline constexpr std::chrono::milliseconds kLastPing{500};
inline constexpr std::chrono::milliseconds kSteadyPing{5000};  // once it answers
inline constexpr int kMissesOfAway = 3;                        // in a row: requests go elsewhere
// A model may keep its interpreter busy for as long as a prediction may take; only then it is taken for dead.
inline constexpr std::chrono::seconds kSilentAfter{60};

struct HealthView {
  bool ready = false;
  bool silent = false;              // was ready, and has not answered for kSilentAfter
  std::optional<Time> ready_since;  // the first time
  std::string engine{};             // Pong's, of the last answer
};

// Thread-safe.
class Health {
 public:
  // `changed` runs on a thread of the client when a ping has changed what View says.
  Health(WorkerClient& workers, const Clock& clock, std::function<void(const compute::TaskId&)> changed);

  // Pings the running worker if that is due. Returns what is known and when to call again. `trusted_since`: it
  // answered before the server was started, since then, so that it counts as ready until it is seen not to be.
  HealthView Look(const compute::TaskId& task, const std::string& socket, const std::optional<Time>& trusted_since,
                  Time* next);
  // What is known, without pinging; nothing of a task never looked at.
  HealthView Known(const compute::TaskId& task) const;
  // A request could not reach it: ping now.
  void Suspect(const compute::TaskId& task);
  void Forget(const compute::TaskId& task);

 private:
  struct Item {
    HealthView view;
    bool in_flight = false;
    int misses = 0;
    Time last_answer{};
    std::chrono::milliseconds interval = kFirstPing;
    Time next{};
  };
  struct Shared {
    mutable std::mutex mutex;
    std::map<compute::TaskId, Item> items;
    std::function<void(const compute::TaskId&)> changed;
  };
  static void Receive(Shared& shared, const Clock& clock, const compute::TaskId& task, const Pong& pong);

  WorkerClient& workers_;
  const Clock& clock_;
  const std::shared_ptr<Shared> shared_;  // answers may come after this object is gone
};

}  // namespace aloft::serving
