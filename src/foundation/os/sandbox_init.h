// The inside of a sandbox: what its first process does. Runs in a freshly cloned process with one thread.
#pragma once

#include <string>
#include <vector>

#include "foundation/os/sandbox.h"

namespace aloft::os::internal {

// Frames on the control socket: one letter, a length, that many bytes; descriptors may ride along.
//   to the sandbox:   'S' what to run (NUL-separated)   'T' SIGTERM for the command
//   from the sandbox: 'M' the FUSE connections of its mounts, where it has any
//                     'R' it runs, with the listening sockets   'F' it could not be made: why   'E' the command's end
bool SendFrame(int socket, char kind, std::string_view payload, const std::vector<int>& descriptors = {});
struct Frame {
  char kind = 0;
  std::string payload;
  std::vector<Fd> descriptors;
};
std::optional<Frame> ReceiveFrame(int socket);  // absent at the end of the stream

// Lists of strings as one payload.
std::string JoinStrings(const std::vector<std::string>& strings);
std::vector<std::string> SplitStrings(std::string_view payload);

// Never returns.
[[noreturn]] void RunSandboxInit(const SandboxSpec& spec, int control, int output, bool privileged);

// sandbox_mounts.cc: a root of its own, and nothing else reachable.
Status BuildRoot(const SandboxSpec& spec, bool privileged);
Result<std::vector<Fd>> MountFuse(const SandboxSpec& spec, bool privileged);  // after BuildRoot
Status EnterRoot(const SandboxSpec& spec);

// sandbox_privileges.cc: called last before exec, in this order.
Status ApplyLimits(const SandboxSpec& spec);
Status DropCapabilities();
Status FilterSystemCalls();

}  // namespace aloft::os::internal
