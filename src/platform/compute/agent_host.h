// Who starts the agents of tasks that do not run beside the server: a batch system. The task's directory is the same
// there as here, on a file system that both see and that knows flock.
#pragma once

#include <string>

#include "foundation/base/result.h"
#include "platform/compute/task.h"

namespace aloft::compute {

// All calls are by the task's id and may be repeated; they may block for seconds.
class AgentHost {
 public:
  virtual ~AgentHost() = default;

  // Has the agent of that directory started, once and never again: where it was asked for already, nothing happens.
  // kUnavailable: not now, repeat it. kExhausted: never there, with what is missing.
  virtual Status Begin(const TaskSpec& spec, const std::string& directory, const Limits& limits) = 0;

  enum class State {
    kWaits,    // not begun yet: why
    kRuns,     // begun, or about to
    kGone,     // ended, however, or never heard of: why
    kUnknown,  // the batch system does not answer
  };
  struct Seen {
    State state = State::kUnknown;
    std::string why{};
  };
  virtual Seen Look(const TaskId& id) = 0;

  // Kills it, or takes it out of the queue. What is not there is ended.
  virtual Status End(const TaskId& id) = 0;
};

}  // namespace aloft::compute
