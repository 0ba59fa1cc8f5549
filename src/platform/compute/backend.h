// Where tasks run: one interface for sandboxed processes on this machine, and
// later containers, Slurm, Kubernetes.
//
// A task outlives the server. A backend that is opened again finds every task
// as it is: whoever calls repeats its wish (Start, Stop, Remove are idempotent)
// and observes. All methods are thread-safe and may block for the disk, never
// for a task.
#pragma once

#include "foundation/base/result.h"
#include "platform/compute/task.h"
#include "platform/compute/usage.h"

namespace aloft::compute {

enum class StopMode {
  kOrderly,
  kInterrupt,  // the same, but nothing is stored except what is synchronized: the task is to begin again later
  kDiscard,    // SIGKILL at once; only outputs that are stored after failures are
};

class Backend {
 public:
  virtual ~Backend() = default;

  // Durable when it returns. A task that does not fit now waits in kPending;
  // one that can never fit here is refused with kResourceLimitExceeded. The
  // same id again: nothing happens.
  virtual Status Start(const TaskSpec& spec) = 0;

  // kNoSuchTask where it was never started, or was removed.
  virtual Result<TaskStatus> Observe(const TaskId& id) = 0;

  // SIGTERM, the grace, SIGKILL; then outputs are stored and the task ends with
  // kStopped. Returns at once. A waiting task ends without having run; an ended
  // one stays as it is. Another mode may follow before the end and counts then.
  virtual Status Stop(const TaskId& id, StopMode mode = StopMode::kOrderly) = 0;

  // Ends what still runs at once, stores nothing, and forgets the task with its
  // log. Removing what is not there succeeds.
  virtual Status Remove(const TaskId& id) = 0;

  // Whole lines from `offset` (0, or a next_offset) up to about `max_bytes`; no
  // lines: nothing new yet. Asking from an offset acknowledges everything
  // before it: those bytes may be gone afterwards.
  virtual Result<LogChunk> ReadLog(const TaskId& id, std::uint64_t offset, std::size_t max_bytes) = 0;

  // What the task's code used of its machine, from `offset` (0, or a next_offset) on; kept until the task is removed.
  virtual Result<UsageChunk> ReadUsage(const TaskId&, std::uint64_t offset) { return UsageChunk{{}, offset}; }

  virtual Result<std::vector<TaskId>> List() = 0;
};

}  // namespace aloft::compute
