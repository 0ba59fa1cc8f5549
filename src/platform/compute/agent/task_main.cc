// aloft-task: runs one task beside the server and outlives it. Started by the server's process backend as
//
//   aloft-task --directory <task directory> --lock <descriptor of its locked lock file>
//
// and by a batch system without --lock.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "foundation/base/fault_point.h"
#include "platform/compute/agent/agent.h"

namespace {

// An agent holds it as long as it lives; the server, when it asks whether one lives, for a moment.
bool Lock(int file) {
  constexpr int kPatienceMillis = 3'000;
  for (int waited = 0; ::flock(file, LOCK_EX | LOCK_NB) != 0; ++waited) {
    if (waited == kPatienceMillis) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace aloft;
  std::string directory;
  int lock = -1;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view name = argv[i];
    if (name == "--directory") directory = argv[i + 1];
    // The lock is only held: the descriptor is this process's as long as it lives.
    if (name == "--lock") ::fcntl(lock = std::atoi(argv[i + 1]), F_SETFD, FD_CLOEXEC);
  }
  if (directory.empty()) {
    std::fprintf(stderr, "aloft-task is started by the Aloft server; there is nothing to do by hand.\n");
    return 2;
  }
  ::umask(022);
  // The task's credentials are in this process's memory alone; a dump would be a file.
  const rlimit no_dumps{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_dumps);
  ::signal(SIGPIPE, SIG_IGN);
  // A batch system inherits no descriptors: this process locks for itself, and does nothing where another one has.
  if (lock < 0) lock = ::open((directory + "/" + compute::kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || !Lock(lock)) return 3;
  if (const char* faults = std::getenv("ALOFT_FAULTS")) ArmFaultPoints(faults);
  SystemClock clock;
  auto agent = compute::Agent::Create(directory, clock);
  if (!agent.ok()) {
    std::fprintf(stderr, "aloft-task: %s\n", Describe(agent.error()).c_str());
    return 1;
  }
  return (*agent)->Run().ok() ? 0 : 1;
}
