// Processes of this machine, named so that a reused pid is never taken for the old process.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::os {

// A pid means something only together with the boot and the moment the process started.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // since boot, field 22 of /proc/<pid>/stat
  std::string boot_id{};

  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// Of this boot of the kernel; empty where /proc cannot tell.
std::string BootId();

// Absent where no such process is.
std::optional<ProcessIdentity> IdentityOf(pid_t pid);

// A pidfd of exactly that process; absent where it has ended (even if its pid lives on with another one).
std::optional<Fd> OpenProcess(const ProcessIdentity& identity);

Status SignalProcess(const Fd& pidfd, int signal);

// Waits until the process has ended; false at the deadline. Works for any process, not only for children.
bool WaitForEnd(const Fd& pidfd, std::chrono::milliseconds deadline);

struct DaemonOptions {
  std::string path{};
  std::vector<std::string> arguments{};  // without argv[0]
  std::map<std::string, std::string> variables{};
  std::string working_directory = "/";
  std::vector<int> keep{};  // descriptors that the daemon inherits, under the same numbers; stdio is /dev/null
};

// Starts a process that belongs to nobody: own session, parent init, no inherited descriptor but `keep`, default signal
// actions. Returns its identity once exec has succeeded.
Result<ProcessIdentity> StartDaemon(const DaemonOptions& options);

struct CommandResult {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
};

// Runs a child and waits for it; `output` receives its stdout and stderr by lines ("\r" ends one too). Killed with all
// that it started at the deadline, as soon as `cancelled` (asked several times a second) says so, and where this
// process ends, however it ends.
struct CommandOptions {
  std::vector<std::string> argv{};  // argv[0] is a path
  std::map<std::string, std::string> variables{};
  std::string working_directory = "/";
  std::chrono::milliseconds deadline{600'000};
  int held = -1;  // a descriptor that stays open until all of it has ended, even where this process ended first: a lock
  std::function<void(std::string_view line)> output{};
  std::function<bool()> cancelled{};
};
Result<CommandResult> RunCommand(const CommandOptions& options);

}  // namespace aloft::os
