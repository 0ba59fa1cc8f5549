// The role's credentials as the agent of one task has them: it makes a key, tells the public half, and opens what the
// server seals to it. The private half is in this process's memory alone, so that no disk ever has the credentials.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "platform/compute/credentials.h"

namespace aloft::compute {

class TaskCredentials {
 public:
  TaskCredentials(std::string file, TaskId id) : file_(std::move(file)), id_(std::move(id)) {}
  ~TaskCredentials();

  // Once, before anything is read; the public key, raw.
  std::string MakeKey(Random& random);

  // Those of the file as it is now: the server replaces it before they expire. kUnavailable while there are none.
  // Thread-safe.
  Result<Credentials> Read();

  // Until there are some, which takes the server a moment; at most half a minute. Whoever starts without them gets them
  // when the server is back.
  void Wait(const std::function<bool()>& cancelled);

 private:
  const std::string file_;
  const TaskId id_;
  std::string private_key_;
  std::mutex mutex_;
  std::string text_;  // of the file, when it was last opened
  std::optional<Credentials> opened_;
};

}  // namespace aloft::compute
