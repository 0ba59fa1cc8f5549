// What happened to a task, in order: one line of JSON per event, appended by its agent (and once by the server, when
// the agent died without a last word). Folding the lines gives the task's status, at any time and after any restart.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"
#include "foundation/os/fd.h"
#include "foundation/os/process.h"
#include "platform/compute/credentials.h"
#include "platform/compute/task.h"

namespace aloft::compute {

// Appends events. Each is one write(2); a torn last line is ignored by readers.
class Journal {
 public:
  static Result<Journal> Open(const std::string& directory, const Clock& clock);

  Status AgentStarted(const os::ProcessIdentity& agent);
  // `public_key` is raw (crypto/hpke.h): what the task's credentials are to be sealed to. `tls` is what the agent's
  // connections to the server show.
  Status KeyMade(std::string_view public_key, const AgentKey& tls);
  Status SandboxCreated(const os::ProcessIdentity& first_process);
  Status Entered(Phase phase, std::string_view message);
  Status Versions(const std::vector<std::string>& versions);
  Status CommandStarted();
  Status CommandEnded(int exit_code, int signal, const Usage& usage, std::string_view exit_message);
  Status InputsRead(const std::vector<InputRead>& inputs);
  // The last event; durable. `failure` is empty after success.
  Status Ended(Outcome outcome, std::string_view failure, bool failure_is_users);

 private:
  Journal(os::Fd file, const Clock& clock) : file_(std::move(file)), clock_(&clock) {}
  Status Append(std::string line);
  Status Process(std::string_view event, const os::ProcessIdentity& process, std::string_view more = {});

  os::Fd file_;
  const Clock* clock_;
};

struct JournalState {
  TaskStatus status;
  os::ProcessIdentity agent;    // pid 0: no agent has ever spoken
  bool takes_sealed = false;    // it is going to tell a key; agents of before read credentials in the clear
  std::string public_key;       // raw; empty: not told yet
  AgentKey tls;                 // told with it; empty of agents of before
  os::ProcessIdentity sandbox;  // its first process, with whose end all in it end; pid 0: none was made
};

// `accepted` is when the server took the task: the first transition.
JournalState FoldJournal(std::string_view text, Time accepted);

}  // namespace aloft::compute
