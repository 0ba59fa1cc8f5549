// Tasks as sandboxed processes of this machine, each under its own agent
// (`aloft-task`). What the server and an agent say to each other are files in
// the task's directory: docs/formats/task.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "platform/compute/agent_host.h"
#include "platform/compute/backend.h"
#include "platform/compute/credentials.h"
#include "platform/compute/schedule.h"

namespace aloft::compute {

struct ProcessBackendOptions {
  std::string tasks_directory{};         // <data>/tasks; made, 0700
  std::string socket_directory{};        // short, for Unix sockets of workers: <data>/run
  std::string agent_path{};              // the aloft-task executable
  std::string runtime_directory{};       // the repository's (or the package's) runtime/
  std::string programs_directory{};      // native workers; empty: none
  std::string environments_directory{};  // virtual environments, made on first use
                                         // and kept
  std::string images_directory{};        // container images, unpacked; empty: tasks of images cannot run
  std::string api_url{};                 // "https://127.0.0.1:8443": where agents and tasks reach
                                         // this cloud
  std::string ca_file{};                 // PEM that signs api_url's certificate; empty: none
  Capacity capacity{};                   // of this machine; see DetectCapacity
  // Starts the agents, and decides when; absent: this backend does both itself. `capacity` is then
  // all of it, and what does not fit now waits in the host's own queue.
  std::shared_ptr<AgentHost> host{};
  // How often the host is asked: it tells nothing by itself, and changes of files on other machines are not told.
  std::chrono::milliseconds host_look{1'000};
  // Makes credentials of the role for one task; called before its agent starts, which a refusal prevents, and again
  // before they expire, on any thread.
  std::function<Result<Credentials>(const TaskId&, const std::string& role_arn)> issue_credentials{};
  // The same for the session of its agent, bound to the key of `agent`, with the certificate of that key. kUnavailable:
  // repeat it. Absent: agents' sessions are not bound.
  std::function<Result<BoundCredentials>(const TaskId&, const std::string& role_arn, const AgentKey& agent)>
      issue_bound_credentials{};
  // Something of that task changed: its phase or its log. May be called often
  // and from any thread; must not block.
  std::function<void(const TaskId&)> on_change{};
  // That task (of a gang: its first) should give its place to one of higher priority: whoever owns it tells it to stop.
  // May come again. Must not block.
  std::function<void(const TaskId&)> on_interrupt{};
  std::shared_ptr<const QuotaBoard> quotas{};  // absent: none
};

// Finds the tasks that are in tasks_directory and adopts them. Destroying the
// backend leaves the tasks running.
Result<std::unique_ptr<Backend>> OpenProcessBackend(ProcessBackendOptions options, const Clock& clock, Log log);

}  // namespace aloft::compute
