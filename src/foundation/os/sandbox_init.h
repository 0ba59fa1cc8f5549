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
// One connection for each target, then their mounts below `root`, after BuildRoot.
Result<std::vector<Fd>> OpenFuse(const SandboxSpec& spec);
Status MountFuse(const SandboxSpec& spec, bool privileged, const std::string& root, const std::vector<Fd>& connections);
Status EnterRoot(const SandboxSpec& spec);
Status MakeMountsPrivate(bool privileged);
// A copy of the mount at `source` that is attached nowhere yet.
enum class Access { kReadOnly, kWritable, kDevice };
Result<Fd> CloneTree(const std::string& source, Access access);
Status PivotTo(const std::string& root);
std::vector<std::string> DevicesOf(const SandboxSpec& spec);
// Of /dev, but the devices themselves.
Status FillDevices(const SandboxSpec& spec, const std::string& dev);
std::string HostsFile(const SandboxSpec& spec);

// sandbox_image.cc: the same with an image's files as the root. Nothing of the image is followed while this system is
// in reach: links in it are resolved only once it is the root.
Status EnterImage(const SandboxSpec& spec, bool privileged, const std::vector<Fd>& fuse);
// Users 0 to 65535 of an image that is the root of several.
inline constexpr unsigned kImageUsers = 65'536;

// sandbox_privileges.cc: called last before exec, in this order.
Status ApplyLimits(const SandboxSpec& spec);
Status DropCapabilities(std::uint64_t kept = 0);
// What root inside an image may do: change users and owners of its own namespace, and pass over file modes there.
inline constexpr std::uint64_t kImageRootCapabilities = 0b11111011;  // CHOWN, DAC_OVERRIDE, FOWNER..SETUID
Status FilterSystemCalls();

}  // namespace aloft::os::internal
