#include "foundation/os/sandbox_init.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

namespace aloft::os::internal {
namespace {

Status WriteFile(const std::string& path, const std::string& text) {
  Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return SystemError("write " + path, errno);
  return {};
}

Status MapUser(const std::string& process, uid_t inside, uid_t outside_uid, gid_t outside_gid, bool privileged) {
  std::string directory = "/proc/" + process;
  if (!privileged) ALOFT_TRY(WriteFile(directory + "/setgroups", "deny"));
  std::string in = std::to_string(inside);
  ALOFT_TRY(WriteFile(directory + "/uid_map", in + " " + std::to_string(outside_uid) + " 1"));
  return WriteFile(directory + "/gid_map", in + " " + std::to_string(outside_gid) + " 1");
}

// Of the command where this process is root: one user, or an image's.
Status MapCommand(const std::string& process, const SandboxSpec& spec) {
  if (!spec.image) return MapUser(process, spec.inside_uid, spec.outside_uid, spec.outside_uid, true);
  const std::string map = "0 " + std::to_string(spec.outside_uid) + " " + std::to_string(kImageUsers);
  ALOFT_TRY(WriteFile("/proc/" + process + "/uid_map", map));
  return WriteFile("/proc/" + process + "/gid_map", map);
}

Status RaiseLoopback() {
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::string_view("lo").copy(request.ifr_name, IFNAMSIZ);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return SystemError("raise loopback", errno);
  return {};
}

// An interface whose packets this process reads and writes. 10.55.0.0/16 is what the hosts of a job share.
Result<Fd> MakeLink(const std::string& address) {
  constexpr int kMtu = 65'000;
  Fd device(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!device) return SystemError("open /dev/net/tun (hosts of one job reach each other through it)", errno);
  ifreq request{};
  std::string_view("eth0").copy(request.ifr_name, IFNAMSIZ);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(device.get(), TUNSETIFF, &request) != 0) return SystemError("make the interface eth0", errno);
  Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto set = [&](unsigned long what, const char* text) {
    auto* to = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
    *to = {};
    to->sin_family = AF_INET;
    return ::inet_pton(AF_INET, text, &to->sin_addr) == 1 && ::ioctl(socket.get(), what, &request) == 0;
  };
  if (!socket || !set(SIOCSIFADDR, address.c_str()) || !set(SIOCSIFNETMASK, "255.255.0.0"))
    return SystemError("give eth0 its address", errno);
  request.ifr_mtu = kMtu;
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0) return SystemError("set eth0's MTU", errno);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return SystemError("raise eth0", errno);
  return device;
}

Result<Fd> Listen(std::uint16_t port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 128) != 0)
    return SystemError("listen on port " + std::to_string(port), errno);
  return socket;
}

// As execvp finds it, on the PATH of the new environment.
std::string FindProgram(const std::string& name, const std::vector<std::string>& variables) {
  if (name.find('/') != std::string::npos) return name;
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (std::string_view variable : variables)
    if (variable.starts_with("PATH=")) path = variable.substr(5);
  while (!path.empty()) {
    std::size_t end = std::min(path.find(':'), path.size());
    std::string candidate = std::string(path.substr(0, end)) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    path.remove_prefix(std::min(path.size(), end + 1));
  }
  return name;
}

struct Program {
  std::string path;
  std::vector<char*> argv, envp;
};

// The command: from fork to exec. Errors go to `report`.
[[noreturn]] void BecomeCommand(const SandboxSpec& spec, const Program& program, int output, int mapped, int report,
                                bool privileged) {
  auto run = [&]() -> Status {
    ::setsid();
    Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ::dup2(null.get(), 0);
    ::dup2(output, 1);
    ::dup2(output, 2);
    // The kernel ends it before the sandbox's first process, which is small and must report.
    static_cast<void>(WriteFile("/proc/self/oom_score_adj", "500"));
    ALOFT_TRY(ApplyLimits(spec));
    if (privileged) {
      if (::setgroups(0, nullptr) != 0) return SystemError("setgroups", errno);
      if (::unshare(CLONE_NEWUSER) != 0) return SystemError("user namespace", errno);
      char byte = 'u';
      if (::write(report, &byte, 1) != 1 || ::read(mapped, &byte, 1) != 1) return SystemError("map user", EPIPE);
      const gid_t inside_gid = spec.image ? spec.inside_gid : spec.inside_uid;
      if (::setresgid(inside_gid, inside_gid, inside_gid) != 0 ||
          ::setresuid(spec.inside_uid, spec.inside_uid, spec.inside_uid) != 0)
        return SystemError("become the user", errno);
    }
    ALOFT_TRY(DropCapabilities(spec.image && spec.inside_uid == 0 ? kImageRootCapabilities : 0));
    ::umask(022);
    if (::chdir(spec.working_directory.c_str()) != 0) return SystemError("chdir " + spec.working_directory, errno);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ALOFT_TRY(FilterSystemCalls());
    ::execve(program.path.c_str(), program.argv.data(), program.envp.data());
    return SystemError("start " + program.path, errno);
  };
  std::string why = "!" + run().error().detail;
  static_cast<void>(!::write(report, why.data(), why.size()));
  ::_exit(127);
}

// Forks the command and returns once it runs, or could not.
Result<pid_t> StartCommand(const SandboxSpec& spec, Program& program, int output, bool privileged) {
  int report[2], mapped[2];
  if (::pipe2(report, O_CLOEXEC) != 0 || ::pipe2(mapped, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  Fd report_reading(report[0]), report_writing(report[1]), mapped_reading(mapped[0]), mapped_writing(mapped[1]);
  pid_t command = ::fork();
  if (command < 0) return SystemError("fork", errno);
  if (command == 0) BecomeCommand(spec, program, output, mapped_reading.get(), report_writing.get(), privileged);
  report_writing.Reset();
  std::string said;
  char buffer[512];
  for (;;) {
    ssize_t got = ::read(report_reading.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;  // exec closed it
    said.append(buffer, static_cast<std::size_t>(got));
    if (said == "u") {
      ALOFT_TRY(MapCommand(std::to_string(command), spec));
      if (::write(mapped_writing.get(), "m", 1) != 1) return SystemError("map user", errno);
    }
  }
  if (auto why = said.find('!'); why != std::string::npos)
    return Fail(kInternal, "the command could not be started: " + said.substr(why + 1));
  return command;
}

Result<std::vector<Fd>> BuildSandbox(const SandboxSpec& spec, bool privileged, uid_t caller, gid_t group,
                                     std::vector<Fd>& mounts) {
  if (!privileged) ALOFT_TRY(MapUser("self", spec.inside_uid, caller, group, false));
  if (::sethostname(spec.host_name.data(), spec.host_name.size()) != 0) return SystemError("sethostname", errno);
  std::vector<Fd> listeners;
  if (!spec.host_network) {
    ALOFT_TRY(RaiseLoopback());
    for (std::uint16_t port : spec.listen_ports) {
      ALOFT_ASSIGN(Fd socket, Listen(port));
      listeners.push_back(std::move(socket));
    }
    if (!spec.link_address.empty()) {
      ALOFT_ASSIGN(Fd link, MakeLink(spec.link_address));
      listeners.push_back(std::move(link));
    }
  }
  ALOFT_ASSIGN(mounts, OpenFuse(spec));
  if (spec.image) {
    ALOFT_TRY(EnterImage(spec, privileged, mounts));
    return listeners;
  }
  ALOFT_TRY(BuildRoot(spec, privileged));
  ALOFT_TRY(MountFuse(spec, privileged, spec.root_directory, mounts));
  ALOFT_TRY(EnterRoot(spec));
  return listeners;
}

// This process has been root until here; it needs nothing of that any more, and must not be touched by the command.
void BecomeHarmless(const SandboxSpec& spec, bool privileged) {
  if (privileged) {
    ::setgroups(0, nullptr);
    if (::setresgid(spec.outside_uid, spec.outside_uid, spec.outside_uid) != 0 ||
        ::setresuid(spec.outside_uid, spec.outside_uid, spec.outside_uid) != 0)
      ::_exit(1);
  }
  if (!DropCapabilities().ok()) ::_exit(1);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

// One byte in, one socket of this network out: who holds the other end connects it. False once nobody does.
bool AnswerDial(int dial) {
  char byte = 0;
  if (::read(dial, &byte, 1) != 1) return false;
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  std::vector<int> answer;
  if (socket) answer.push_back(socket.get());
  return SendFrame(dial, 'D', "", answer);
}

// Reaps, forwards, and ends with the command. Whatever still runs then is ended by the kernel with this namespace.
[[noreturn]] void Supervise(int control, int signals, int dial, pid_t command) {
  for (;;) {
    pollfd waits[3] = {{control, POLLIN, 0}, {signals, POLLIN, 0}, {dial, POLLIN, 0}};
    if (::poll(waits, 3, -1) < 0) continue;
    if (waits[2].revents != 0 && !AnswerDial(dial)) dial = -1;
    if (waits[1].revents != 0) {
      signalfd_siginfo ignored[8];
      static_cast<void>(!::read(signals, ignored, sizeof ignored));
      for (int status = 0;;) {
        pid_t ended = ::waitpid(-1, &status, WNOHANG);
        if (ended <= 0) break;
        if (ended != command) continue;
        bool by_signal = WIFSIGNALED(status);
        SendFrame(control, 'E',
                  JoinStrings({std::to_string(by_signal ? -1 : WEXITSTATUS(status)),
                               std::to_string(by_signal ? WTERMSIG(status) : 0)}));
        ::_exit(0);
      }
    }
    if (waits[0].revents != 0) {
      auto frame = ReceiveFrame(control);
      if (!frame) ::_exit(0);  // the caller has died, and with it the sense of all this
      if (frame->kind == 'T') ::kill(command, SIGTERM);
    }
  }
}

void CloseAllBut(int a, int b) {
  auto close_range = [](unsigned from, unsigned to) {
    if (from <= to) ::syscall(SYS_close_range, from, to, 0u);
  };
  unsigned low = static_cast<unsigned>(std::min(a, b)), high = static_cast<unsigned>(std::max(a, b));
  close_range(3, low - 1);
  close_range(low + 1, high - 1);
  close_range(high + 1, ~0u);
}

}  // namespace

void RunSandboxInit(const SandboxSpec& outer, int control, int output, bool privileged) {
  SandboxSpec spec = outer;
  uid_t caller = ::geteuid();
  gid_t group = ::getegid();
  ::prctl(PR_SET_NAME, "aloft-sandbox", 0, 0, 0);
  control = ::fcntl(control, F_DUPFD_CLOEXEC, 100);
  output = ::fcntl(output, F_DUPFD_CLOEXEC, 100);
  int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int standard : {0, 1, 2}) ::dup2(null, standard);
  CloseAllBut(control, output);
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::setsid();

  auto start = ReceiveFrame(control);
  if (!start || start->kind != 'S') ::_exit(0);
  auto strings = SplitStrings(start->payload);
  std::size_t arguments = strings.empty() ? 0 : std::strtoul(strings[0].c_str(), nullptr, 10);
  constexpr std::size_t kBefore = 4;  // the count, and whom it runs as
  if (arguments == 0 || arguments + kBefore > strings.size()) ::_exit(1);
  if (!strings[1].empty()) {
    spec.inside_uid = static_cast<uid_t>(std::strtoul(strings[1].c_str(), nullptr, 10));
    spec.inside_gid = static_cast<gid_t>(std::strtoul(strings[2].c_str(), nullptr, 10));
    spec.working_directory = strings[3];
  }
  auto first = strings.begin() + kBefore, end = first + static_cast<std::ptrdiff_t>(arguments);
  std::vector<std::string> argv(first, end), variables(end, strings.end());

  auto fail = [&](const Error& error) {
    SendFrame(control, 'F', error.message + (error.detail.empty() ? "" : ": " + error.detail));
    ::_exit(1);
  };
  std::vector<Fd> mounts;
  auto listeners = BuildSandbox(spec, privileged, caller, group, mounts);
  if (!listeners.ok()) fail(listeners.error());
  if (!mounts.empty()) {
    std::vector<int> numbers;
    for (const Fd& mount : mounts) numbers.push_back(mount.get());
    SendFrame(control, 'M', "", numbers);
    mounts.clear();  // the caller's alone: when it dies, whoever waits for a file is told so
  }

  int signals = ::signalfd(-1, &all, SFD_CLOEXEC);
  Program program{FindProgram(argv[0], variables), {}, {}};
  for (auto& text : argv) program.argv.push_back(text.data());
  for (auto& text : variables) program.envp.push_back(text.data());
  program.argv.push_back(nullptr);
  program.envp.push_back(nullptr);
  auto command = StartCommand(spec, program, output, privileged);
  if (!command.ok()) fail(command.error());
  ::close(output);  // so that the log ends with the command's processes
  BecomeHarmless(spec, privileged);
  Fd ours, theirs;
  if (spec.dial) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ::_exit(1);
    ours = Fd(ends[0]), theirs = Fd(ends[1]);
    listeners->insert(listeners->end() - (spec.link_address.empty() ? 0 : 1), std::move(theirs));
  }
  std::vector<int> numbers;
  for (const Fd& listener : *listeners) numbers.push_back(listener.get());
  SendFrame(control, 'R', "", numbers);
  listeners->clear();
  Supervise(control, signals, ours.get(), *command);
}

}  // namespace aloft::os::internal
