// aloft-task: runs one task beside the server and outlives it. Started by the server's process backend as
//
//   aloft-task --directory <task directory> --lock <descriptor of its locked lock file>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "foundation/base/fault_point.h"
#include "platform/compute/agent/agent.h"

int main(int argc, char** argv) {
  using namespace aloft;
  std::string directory;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view name = argv[i];
    if (name == "--directory") directory = argv[i + 1];
    // The lock is only held: the descriptor is this process's as long as it lives.
    if (name == "--lock") ::fcntl(std::atoi(argv[i + 1]), F_SETFD, FD_CLOEXEC);
  }
  if (directory.empty()) {
    std::fprintf(stderr, "aloft-task is started by the Aloft server; there is nothing to do by hand.\n");
    return 2;
  }
  ::umask(022);
  ::signal(SIGPIPE, SIG_IGN);
  if (const char* faults = std::getenv("ALOFT_FAULTS")) ArmFaultPoints(faults);
  SystemClock clock;
  auto agent = compute::Agent::Create(directory, clock);
  if (!agent.ok()) {
    std::fprintf(stderr, "aloft-task: %s\n", Describe(agent.error()).c_str());
    return 1;
  }
  return (*agent)->Run().ok() ? 0 : 1;
}
