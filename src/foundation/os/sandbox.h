// A sandbox: own mount, PID, IPC, UTS, network and user namespaces, a read-only system, no capability, no way to gain
// one.
//
// Two steps, because a process with threads cannot be cloned safely: Create() clones the sandbox's first process early,
// while the caller has one thread, and that process waits; Start() tells it what to build and run. It is pid 1 inside:
// it reaps, forwards SIGTERM to the command, reports how the command ended, and ends when the caller does, with
// everything inside. Linux 5.12 or newer.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::os {

struct Mount {
  std::string source{};  // outside
  std::string target{};  // inside
  bool writable = false;
  bool optional = false;  // skipped where the source does not exist
};

// A root that came with the command, a container image's, instead of this system. Its files are mapped to the sandbox's
// users and are never changed; what the command changes lies in `layer`.
struct ImageRoot {
  std::string files{};  // the directory with the image's files, owned by the ids that they have inside (as root) or by
                        // the caller
  std::string layer{};  // a directory for this sandbox alone; the caller removes it
};

struct SandboxSpec {
  std::string root_directory{};  // an empty directory outside, where the root is put together; the host sees it empty
  std::optional<ImageRoot> image{};  // needs Linux 5.19 as root; `outside_uid` is then the first of 65536 users
  std::vector<Mount> mounts{};       // after the system's own
  std::uint64_t shared_memory_bytes = 64u << 20;  // of /dev/shm
  bool gpus = false;                              // the machine's GPU devices
  std::string host_name = "sandbox";
  std::map<std::string, std::string> hosts{};  // further names in /etc/hosts -> address
  bool host_network = false;                   // else an own network with loopback only
  // IPv4 of an interface eth0 whose packets come out of Start as the last descriptor (a TUN device: one read or write
  // is one packet); empty: none. Needs /dev/net/tun.
  std::string link_address{};
  // Directories inside that become read-only FUSE mounts, answered by the caller: see Start. Needs /dev/fuse.
  std::vector<std::string> fuse_targets{};
  std::vector<std::uint16_t> listen_ports{};  // on the loopback inside; the listening sockets come back from Start
  bool dial = false;  // a socket comes back from Start, before the link: it answers each byte with a new TCP socket of
                      // the network inside (NewInsideSocket)

  std::vector<std::string> command{};  // argv[0] is a path inside, or a name looked up in PATH of `variables`
  std::map<std::string, std::string> variables{};
  std::string working_directory = "/";
  uid_t inside_uid = 1000;
  gid_t inside_gid = 1000;  // of an image; else the same as the uid
  uid_t outside_uid = 0;    // whom the inside uid is on the host; ignored (the caller) where the caller is not root

  // rlimits; 0: as the caller has them.
  std::uint64_t max_file_bytes = 0;
  std::uint64_t max_data_bytes = 0;
  std::uint64_t max_processes = 0;
  std::uint64_t max_open_files = 0;
};

// What is known only when the command is about to start: whom it runs as inside an image, and where.
struct RunAs {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string working_directory = "/";
};

struct SandboxEnd {
  int exit_code = -1;  // -1: ended by `signal`
  int signal = 0;
  std::string failure{};  // the sandbox could not be built, or the command not be started; then nothing ran
};

class Sandbox {
 public:
  // `output`: becomes stdout and stderr of the command. Call it while the process has one thread.
  static Result<Sandbox> Create(const SandboxSpec& spec, int output);
  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) noexcept;
  ~Sandbox();  // ends everything inside, and reaps

  // The first process, as the host sees it: for a cgroup, before Start.
  pid_t pid() const { return pid_; }

  // Everything that runs inside now, as the host sees it.
  std::vector<pid_t> Processes() const;

  // Builds and runs. `command`, `variables` and `as` replace those of the spec, since they may be known only now.
  // Returns the listening sockets in the order of listen_ports, then the dial, then the link. `mounted` gets the FUSE
  // connections in the order of fuse_targets, before the command is looked for: it may lie on one of them.
  Result<std::vector<Fd>> Start(const std::vector<std::string>& command,
                                const std::map<std::string, std::string>& variables,
                                const std::function<void(std::vector<Fd>)>& mounted = nullptr,
                                const std::optional<RunAs>& as = std::nullopt);

  // SIGTERM for the command; the caller decides when patience ends.
  void Terminate();
  // SIGKILL for everything inside.
  void Kill();

  // Readable once the command has ended. Then Wait() returns at once.
  int wait_fd() const { return control_.get(); }
  SandboxEnd Wait();

 private:
  Sandbox(pid_t pid, Fd control);
  void Reap();

  pid_t pid_ = 0;
  std::string pid_namespace_;  // as /proc names it
  Fd control_{};
};

// A socket of the sandbox's network, not connected; absent once the sandbox has ended. One caller at a time.
Fd NewInsideSocket(int dial);

// What this machine lets this process isolate; empty: everything. Each line says what is missing and what helps.
std::vector<std::string> SandboxGaps();

// Why images cannot run with their layers in `directory`; empty where they can. Tries it.
std::string ImageGap(const std::string& directory);

}  // namespace aloft::os
