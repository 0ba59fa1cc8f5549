// Of all who wait: who starts now, who waits for what, and whom to ask for his place. One pure decision.
//
// Order: StartOrder (priority, then queues in turn, then age). The first who does not fit gets a reservation: the
// moment at which the time limits of what runs give it room. Later ones with a time limit may pass it only if that does
// not move this moment. Quotas hold back only those whom they concern. Where the first who does not fit has a higher
// priority than tasks that may be interrupted, and these give it room, they are named. Room that is kept for a pool is
// its own tasks' alone: one that wants it starts in it at once, whoever else waits, and counts in place of what kept
// it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "platform/compute/scheduler.h"

namespace aloft::compute {

// Upper bounds of what one queue, or one owner of it, holds at once on this machine; absent: none.
struct Quota {
  std::optional<double> vcpus{};
  std::optional<std::uint64_t> memory_bytes{};
  std::optional<int> gpus{};
  std::optional<int> instances{};
};
// By queue and owner; owner "": the whole queue.
using Quotas = std::map<std::pair<std::string, std::string>, Quota>;

// The quotas that hold now, for who decides and who changes them. Thread-safe.
class QuotaBoard {
 public:
  void Set(Quotas quotas) {
    auto next = std::make_shared<const Quotas>(std::move(quotas));
    std::lock_guard lock(mutex_);
    quotas_ = std::move(next);
  }
  std::shared_ptr<const Quotas> Get() const {
    std::lock_guard lock(mutex_);
    return quotas_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Quotas> quotas_ = std::make_shared<const Quotas>();
};

// Why these limits never fit into the quotas that concern them, in one sentence; empty: they do.
std::string NeverWithin(const Quotas& quotas, const std::string& queue, const std::string& owner,
                        const std::vector<Limits>& wanted);

// One who waits, or those who start together.
struct Candidate {
  std::vector<TaskId> members{};  // the first names it
  std::vector<Limits> wanted{};   // of each
  std::string missing{};          // why it cannot start whatever is free; empty: it can
  Time accepted{};
  int priority = 0;
  std::string queue{}, owner{};
  std::chrono::seconds max_runtime{0};  // 0: it may stay for ever
  std::string pool{};                   // whose kept room it may have; empty: nobody's
};

// One task that runs.
struct Holder {
  TaskId group{};  // its gang's first, or itself
  Limits granted{};
  int priority = 0;
  std::string queue{}, owner{};
  Time started{};
  std::optional<Time> ends_by{};  // absent: nobody knows
  bool interruptible = false;     // it may be asked to leave for a higher priority, and begins again later
  bool leaving = false;           // it has been asked
  std::string kept_for{};         // a pool: nothing runs there, the room is kept
};

struct Decision {
  std::vector<std::vector<std::pair<TaskId, Limits>>> starts{};  // in order; those of one start together
  std::map<TaskId, std::string> waits{};                         // by a candidate's first member: why
  std::vector<TaskId> interrupt{};                               // groups of holders
  std::map<TaskId, TaskId> rooms{};  // by a start's first member: the group whose kept room it has
};

// The end of a sentence about who waits: what of the machine pools keep, but for these groups; empty: nothing.
std::string SaysWhatPoolsKeep(const std::vector<Holder>& holders, const std::set<TaskId>& but);

Decision Decide(const Capacity& capacity, const Quotas& quotas, const std::vector<Candidate>& candidates,
                const std::vector<Holder>& holders, Time now);

}  // namespace aloft::compute
