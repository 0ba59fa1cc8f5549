// What to do next for an endpoint: a pure function of what is seen.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "platform/compute/task.h"
#include "services/serving/endpoints/types.h"

namespace aloft::serving {

// A model that does not start is tried this often before its deployment is given up; what the caller has to mend
// (an archive that is no archive) is not tried again.
inline constexpr int kStartTries = 2;
// A worker that served and died is started again this often, without having served for kProvenAfter in between.
inline constexpr int kRestartTries = 10;
inline constexpr std::chrono::seconds kProvenAfter{60};
inline constexpr std::chrono::milliseconds kFirstRetry{500};
inline constexpr std::chrono::seconds kLastRetry{60};
// A new worker waits so long for room on the machine; then its deployment is given up, as SageMaker does without
// capacity.
inline constexpr std::chrono::minutes kRoomPatience{10};

// One worker as it is now.
struct SlotView {
  Slot slot;
  std::string variant;
  bool shadow = false;
  std::chrono::seconds startup_timeout{600};

  enum class Task {
    kAbsent,    // not started, or removed
    kStarting,  // waits for room, or stages its model
    kRunning,
    kEnded,
  } task = Task::kAbsent;
  std::optional<Time> waiting_since;  // for room
  std::string waits_for;              // said by the backend: "needs 4.0 GiB of memory, 1.2 GiB are free"
  std::optional<Time> running_since;

  bool ready = false;               // answers its health check
  std::optional<Time> ready_since;  // of this attempt, the first time
  bool silent = false;              // was ready, and failed its health check several times in a row

  compute::Outcome outcome = compute::Outcome::kNone;
  std::string failure;  // of an ended task
};

struct View {
  EndpointStatus status = EndpointStatus::kCreating;
  std::optional<std::vector<SlotView>> current, next;
  Rollout rollout;      // of `next`
  Time next_started;    // `next`
  std::string alarm;    // that takes the update back; empty: none fires
  bool drained = true;  // nobody waits for an answer of this endpoint
  bool drain_over = false;
  Time now;
};

struct Action {
  enum class Kind {
    kStart,    // the slot's task
    kRetry,    // end the slot's task; the next attempt begins at `retry_at`
    kShift,    // `share` of the traffic goes to `next` from now on
    kPromote,  // `next` answers from now on; end `current`
    kSettle,   // the counts that were wished are there
    kAbandon,  // end `next`, keep `current`, tell `reason`
    kFail,     // end everything, tell `reason`
    kForget,   // end everything, and the endpoint with it
  } kind = Kind::kStart;
  bool of_next = false;  // kStart, kRetry: which deployment
  std::size_t slot = 0;  // kStart, kRetry: index
  int failures = 0;      // kRetry: the slot's new count
  bool settle = false;   // kRetry: nobody waits any longer until the counts are there; tell `reason`
  double share = 0;      // kShift
  Time retry_at{};       // kRetry
  std::string reason{};
};

struct Decision {
  std::vector<Action> actions;
  std::optional<Time> look_again;  // even if nothing changes
};

Decision Decide(const View& view);

// How long to wait before attempt `failures` + 1: doubling from kFirstRetry to kLastRetry.
std::chrono::milliseconds RetryDelay(int failures);

}  // namespace aloft::serving
