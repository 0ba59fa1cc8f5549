// Group commit without a thread of its own: the first waiting writer commits for all that wait behind it.
//
//   struct Job : CommitQueue::Ticket { ... };
//   Job job;
//   ALOFT_TRY(queue.Run(job, [&](std::span<CommitQueue::Ticket* const> group) { ... fills each job's outcome ... }));
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "foundation/base/result.h"

namespace aloft::sql {

class CommitQueue {
 public:
  struct Ticket {
    std::size_t weight = 1;

   private:
    friend class CommitQueue;
    bool taken = false;  // in the group that is being committed
    bool done = false;
    std::shared_ptr<std::condition_variable> turn;  // its thread's: it may be told after it has left
  };
  using Commit = std::function<void(std::span<Ticket* const>)>;

  struct Limits {
    std::size_t max_waiting = 10'000;
    std::size_t max_group = 256;         // tickets
    std::size_t max_weight = 64u << 20;  // the sum of weights after which a group is closed
    std::chrono::seconds patience{30};   // for the turn to come
  };

  explicit CommitQueue(Limits limits) : limits_(limits) {}
  ~CommitQueue();

  // Blocks until `ticket` was part of a group that some thread's `commit` finished; all callers pass the same function.
  // kUnavailable, and nothing done, where the queue is full or the turn does not come.
  Status Run(Ticket& ticket, const Commit& commit);

 private:
  const Limits limits_;
  std::mutex mutex_;
  std::deque<Ticket*> waiting_;
};

}  // namespace aloft::sql
