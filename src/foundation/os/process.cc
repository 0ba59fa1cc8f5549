#include "foundation/os/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

namespace aloft::os {
namespace {

int PidfdOpen(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

// argv and envp as exec wants them, made before the fork: afterwards only async-signal-safe calls are allowed.
class ExecImage {
 public:
  ExecImage(std::vector<std::string> arguments, const std::map<std::string, std::string>& variables)
      : arguments_(std::move(arguments)) {
    for (const auto& [name, value] : variables) environment_.push_back(name + "=" + value);
    for (auto& text : arguments_) argv_.push_back(text.data());
    for (auto& text : environment_) envp_.push_back(text.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }

  char* const* argv() const { return argv_.data(); }
  char* const* envp() const { return envp_.data(); }

 private:
  std::vector<std::string> arguments_, environment_;
  std::vector<char*> argv_, envp_;
};

// In the child: what it inherited from a server is no business of the program it becomes.
void ResetInChild(int input, int output, const std::vector<int>& keep) {
  sigset_t none;
  ::sigemptyset(&none);
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  ::syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  for (int fd : keep) ::fcntl(fd, F_SETFD, 0);
}

[[noreturn]] void ExecOrReport(const char* path, const ExecImage& image, const char* directory, int report) {
  if (::chdir(directory) == 0) ::execve(path, image.argv(), image.envp());
  int error = errno;
  static_cast<void>(!::write(report, &error, sizeof error));
  ::_exit(127);
}

// Watches over a group in a process of its own: where the thread that started it ends before the command has, the whole
// group is killed. The kernel tells only a direct child of its parent's death; what an installer starts would live on
// and write into what others think theirs.
[[noreturn]] void Guard(pid_t parent, pid_t group, int held) {
  ::signal(SIGTERM, SIG_DFL);
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &term, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  // Descriptors are the parent's: held, they would keep pipes and locks from being free.
  if (held > 0) ::syscall(SYS_close_range, 0u, static_cast<unsigned>(held) - 1, 0u);
  ::syscall(SYS_close_range, static_cast<unsigned>(held + 1), ~0u, 0u);
  ::setsid();  // nor does it go with the parent's group
  int signal = 0;
  if (::getppid() == parent) ::sigwait(&term, &signal);
  // What is killed may still be in the middle of a write: `held` is let go after the last one is gone.
  const timespec pause{.tv_sec = 0, .tv_nsec = 5'000'000};
  for (int tries = 0; ::kill(-group, SIGKILL) == 0 && tries < 1000; ++tries) ::nanosleep(&pause, nullptr);
  ::_exit(0);
}

// Starts the guard of a child's group; 0 where no process can be made, and the command runs unguarded.
pid_t StartGuard(pid_t group, int held) {
  const pid_t parent = ::getpid();
  const pid_t guard = ::fork();
  if (guard == 0) Guard(parent, group, held);
  return std::max(guard, 0);
}

int WaitFor(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

bool ReadExactly(int fd, void* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    ssize_t got = ::read(fd, static_cast<char*>(out) + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

// Lines out of chunks; the last, unfinished one with Flush.
class LineCutter {
 public:
  explicit LineCutter(const std::function<void(std::string_view)>& sink) : sink_(sink) {}
  void Add(std::string_view bytes) {
    for (char c : bytes) {
      if (c == '\n' || c == '\r') {
        Flush();
      } else {
        line_.push_back(c);
        if (line_.size() >= 16 * 1024) Flush();
      }
    }
  }
  void Flush() {
    if (!line_.empty() && sink_) sink_(line_);
    line_.clear();
  }

 private:
  const std::function<void(std::string_view)>& sink_;
  std::string line_;
};

}  // namespace

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

std::optional<ProcessIdentity> IdentityOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  auto end_of_name = line.rfind(')');  // the name itself may hold blanks and brackets
  if (end_of_name == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(end_of_name + 1));
  std::string field;
  for (int index = 3; index <= 22 && fields >> field; ++index) {
  }
  if (!fields) return std::nullopt;
  return ProcessIdentity{pid, std::strtoull(field.c_str(), nullptr, 10), BootId()};
}

std::optional<Fd> OpenProcess(const ProcessIdentity& identity) {
  if (identity.pid <= 0 || identity.boot_id != BootId()) return std::nullopt;
  Fd pidfd(PidfdOpen(identity.pid));
  if (!pidfd) return std::nullopt;
  // The descriptor is of whatever has the pid now; the comparison comes after it, so that it cannot change in between.
  auto now = IdentityOf(identity.pid);
  if (!now || *now != identity) return std::nullopt;
  return pidfd;
}

Status SignalProcess(const Fd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0 || errno == ESRCH) return {};
  return SystemError("pidfd_send_signal", errno);
}

bool WaitForEnd(const Fd& pidfd, std::chrono::milliseconds deadline) {
  auto until = std::chrono::steady_clock::now() + deadline;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{pidfd.get(), POLLIN, 0};
    int ready = ::poll(&wait, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Result<ProcessIdentity> StartDaemon(const DaemonOptions& options) {
  std::vector<std::string> arguments{options.path};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  ExecImage image(std::move(arguments), options.variables);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  Fd reading(ends[0]), report(ends[1]);
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return SystemError("open /dev/null", errno);

  pid_t child = ::fork();
  if (child < 0) return SystemError("fork", errno);
  if (child == 0) {
    ::setsid();
    pid_t daemon = ::fork();
    if (daemon == 0) {
      // Everything else waits until the pid is in the pipe, so that an error can only follow it.
      ResetInChild(null.get(), null.get(), options.keep);
      pid_t self = ::getpid();
      static_cast<void>(!::write(report.get(), &self, sizeof self));
      ExecOrReport(options.path.c_str(), image, options.working_directory.c_str(), report.get());
    }
    ::_exit(daemon < 0 ? 1 : 0);
  }
  report.Reset();
  WaitFor(child);
  pid_t daemon = 0;
  if (!ReadExactly(reading.get(), &daemon, sizeof daemon)) return SystemError("fork", EAGAIN);
  int error = 0;
  if (ReadExactly(reading.get(), &error, sizeof error)) return SystemError("exec " + options.path, error);
  auto identity = IdentityOf(daemon);
  // It may have ended already; its directory tells what it did.
  return identity.value_or(ProcessIdentity{daemon, 0, BootId()});
}

Result<CommandResult> RunCommand(const CommandOptions& options) {
  if (options.argv.empty()) return Fail(kInvalidArgument, "no command");
  ExecImage image(options.argv, options.variables);
  int output[2], report[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  Fd reading(output[0]), writing(output[1]);
  if (::pipe2(report, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  Fd report_reading(report[0]), report_writing(report[1]);
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return SystemError("open /dev/null", errno);

  pid_t child = ::fork();
  if (child < 0) return SystemError("fork", errno);
  if (child == 0) {
    ::setpgid(0, 0);  // so that the deadline ends its children too
    ResetInChild(null.get(), writing.get(), {});
    ExecOrReport(options.argv[0].c_str(), image, options.working_directory.c_str(), report_writing.get());
  }
  ::setpgid(child, child);
  const pid_t guard = StartGuard(child, options.held);
  writing.Reset();
  report_writing.Reset();

  auto until = std::chrono::steady_clock::now() + options.deadline;
  LineCutter lines(options.output);
  bool killed = false;
  for (;;) {
    pollfd wait{reading.get(), POLLIN, 0};
    int ready = ::poll(&wait, 1, 200);
    if (ready > 0) {
      char buffer[8192];
      ssize_t got = ::read(reading.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      lines.Add({buffer, static_cast<std::size_t>(got)});
    }
    if (!killed && (std::chrono::steady_clock::now() > until || (options.cancelled && options.cancelled()))) {
      ::kill(-child, SIGKILL);
      killed = true;
    }
  }
  lines.Flush();
  const int status = WaitFor(child);
  if (guard > 0) {
    ::kill(guard, SIGKILL);
    WaitFor(guard);
  }
  int error = 0;
  if (ReadExactly(report_reading.get(), &error, sizeof error)) return SystemError("exec " + options.argv[0], error);
  if (killed && options.cancelled && options.cancelled()) return Fail(kCancelled, options.argv[0] + " was cancelled");
  if (killed) return Fail(kDeadlineExceeded, options.argv[0] + " took too long");
  if (WIFSIGNALED(status)) return CommandResult{-1, WTERMSIG(status)};
  return CommandResult{WEXITSTATUS(status), 0};
}

}  // namespace aloft::os
