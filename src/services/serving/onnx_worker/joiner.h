// Requests -> calls of the model, as batching::Controller plans them.
//
// While the plan is "direct" a request is computed on the thread that brings it. Else it waits in a queue, and as many
// tasks of the pool as the plan has instances take from it. Where a call of several requests fails, each is computed
// alone, so that only the bad one fails. The first joined calls, and some later, are checked: computed together and
// apart; where the answers differ, rows of this model depend on their neighbours, and nothing is joined any more.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/os/thread_pool.h"
#include "services/batching/controller.h"
#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

inline constexpr Reason kQueueFull{ErrorKind::kUnavailable, "QueueFull"};

// Thread-safe.
class Joiner {
 public:
  // `together`: requests in the call that answered this one, itself included.
  using Done = std::function<void(Result<std::vector<Output>> outputs, int together)>;

  // All outlive the joiner, which is gone only after the pool has stopped. `threads`: calls side by side at most; the
  // pool has more.
  Joiner(const OnnxModel& model, const batching::Settings& settings, int threads, os::ThreadPool& pool,
         const Clock& clock);

  // `done` runs once, on this thread or on one of the pool. Where the request has to wait, `rows` is moved from.
  // kQueueFull, and what the model says.
  void Run(std::vector<Rows>& rows, Done done);

  // {"Plan": ["..."]}, the controller's words.
  std::string ExplainJson() const;

 private:
  struct Request;
  struct Division;

  void RunDirect(const std::vector<Rows>& rows, const Done& done);
  void Enqueue(std::vector<Rows> rows, std::string form, Done done);
  // A task of the pool: one call, then itself again while there is work.
  void Work();
  std::optional<batching::Queue::Taken> NextCall();
  void Compute(batching::Queue::Taken& taken);
  void ComputeTogether(std::vector<std::shared_ptr<batching::Item>>& items, bool more);
  void Note(int rows, int requests, bool more, MonotonicTime began, MonotonicTime ended,
            const std::vector<MonotonicTime>& since);
  // Larger requests, one piece after the other.
  void Divide(std::vector<Rows> rows, std::string form, Done done);
  void NextPiece(const std::shared_ptr<Division>& division);

  const OnnxModel& model_;
  const batching::Settings settings_;
  const int threads_;
  os::ThreadPool& pool_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable came_;
  batching::Controller controller_;
  batching::Queue queue_;
  int running_ = 0;
  // Joined calls, of which some are checked; those of equal requests prove nothing about others.
  std::uint64_t checked_ = 0, checked_same_ = 0;
};

}  // namespace aloft::onnx_worker
