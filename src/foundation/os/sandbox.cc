#include "foundation/os/sandbox.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "foundation/os/sandbox_init.h"

namespace aloft::os {

using internal::ReceiveFrame;
using internal::SendFrame;

namespace {

std::string NamespaceOf(const std::string& pid) {
  char text[64];
  ssize_t size = ::readlink(("/proc/" + pid + "/ns/pid").c_str(), text, sizeof text);
  return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
}

}  // namespace

// Asked now: later the first process lets nobody look at it.
Sandbox::Sandbox(pid_t pid, Fd control)
    : pid_(pid), pid_namespace_(NamespaceOf(std::to_string(pid))), control_(std::move(control)) {}

Sandbox::Sandbox(Sandbox&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pid_namespace_(std::move(other.pid_namespace_)),
      control_(std::move(other.control_)) {}

Sandbox& Sandbox::operator=(Sandbox&& other) noexcept {
  if (this == &other) return *this;
  Kill();
  Reap();
  pid_ = std::exchange(other.pid_, 0);
  pid_namespace_ = std::move(other.pid_namespace_);
  control_ = std::move(other.control_);
  return *this;
}

Sandbox::~Sandbox() {
  Kill();
  Reap();
}

void Sandbox::Reap() {
  if (pid_ <= 0) return;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

Result<Sandbox> Sandbox::Create(const SandboxSpec& spec, int output) {
  bool privileged = ::geteuid() == 0;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return SystemError("socketpair", errno);
  Fd ours(ends[0]), theirs(ends[1]);
  clone_args arguments{};
  arguments.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  if (!spec.host_network) arguments.flags |= CLONE_NEWNET;
  if (!privileged) arguments.flags |= CLONE_NEWUSER;
  arguments.exit_signal = SIGCHLD;
  pid_t pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid < 0) return SystemError("clone a sandbox", errno);
  if (pid == 0) internal::RunSandboxInit(spec, theirs.get(), output, privileged);
  return Sandbox(pid, std::move(ours));
}

std::vector<pid_t> Sandbox::Processes() const {
  std::vector<pid_t> processes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    std::string name = entry.path().filename();
    if (name[0] < '0' || name[0] > '9' || pid_namespace_.empty() || NamespaceOf(name) != pid_namespace_) continue;
    processes.push_back(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)));
  }
  return processes;
}

Result<std::vector<Fd>> Sandbox::Start(const std::vector<std::string>& command,
                                       const std::map<std::string, std::string>& variables,
                                       const std::function<void(std::vector<Fd>)>& mounted,
                                       const std::optional<RunAs>& as) {
  std::vector<std::string> strings{std::to_string(command.size()), as ? std::to_string(as->uid) : "",
                                   as ? std::to_string(as->gid) : "", as ? as->working_directory : ""};
  strings.insert(strings.end(), command.begin(), command.end());
  for (const auto& [name, value] : variables) strings.push_back(name + "=" + value);
  if (!SendFrame(control_.get(), 'S', internal::JoinStrings(strings)))
    return Fail(kInternal, "the sandbox has ended before it was started");
  auto answer = ReceiveFrame(control_.get());
  if (answer && answer->kind == 'M') {
    if (mounted) mounted(std::move(answer->descriptors));
    answer = ReceiveFrame(control_.get());
  }
  if (!answer) return Fail(kInternal, "the sandbox ended while it was made");
  if (answer->kind == 'F') return Fail(kInternal, answer->payload);
  return std::move(answer->descriptors);
}

void Sandbox::Terminate() {
  SendFrame(control_.get(), 'T', "");
}

void Sandbox::Kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
}

SandboxEnd Sandbox::Wait() {
  SandboxEnd end;
  auto frame = ReceiveFrame(control_.get());
  if (frame && frame->kind == 'E') {
    auto numbers = internal::SplitStrings(frame->payload);
    end.exit_code = numbers.empty() ? -1 : std::atoi(numbers[0].c_str());
    end.signal = numbers.size() < 2 ? 0 : std::atoi(numbers[1].c_str());
  } else {
    end.signal = SIGKILL;  // all of it was ended at once
  }
  Reap();
  return end;
}

std::vector<std::string> SandboxGaps() {
  std::vector<std::string> gaps;
  utsname kernel{};
  int major = 0, minor = 0;
  if (::uname(&kernel) == 0 && std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
      (major < 5 || (major == 5 && minor < 12)))
    gaps.push_back(std::string("Linux ") + kernel.release + " is too old; sandboxes need 5.12 or newer");
  std::ifstream limit("/proc/sys/user/max_user_namespaces");
  if (long namespaces = 0; limit >> namespaces && namespaces == 0)
    gaps.push_back("user namespaces are off; set sysctl user.max_user_namespaces to 10000");
  std::ifstream unprivileged("/proc/sys/kernel/unprivileged_userns_clone");
  if (int allowed = 1; unprivileged >> allowed && allowed == 0 && ::geteuid() != 0)
    gaps.push_back("user namespaces are for root only; set sysctl kernel.unprivileged_userns_clone to 1");
  return gaps;
}

}  // namespace aloft::os
