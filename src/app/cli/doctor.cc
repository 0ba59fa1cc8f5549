// aloft doctor: what this machine can isolate, what is missing, and how to mend it.

#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "app/cli/commands.h"
#include "app/cli/subprocess.h"
#include "app/config.h"
#include "app/server_info.h"
#include "foundation/base/bytes.h"
#include "foundation/os/cgroup.h"
#include "foundation/os/sandbox.h"
#include "platform/compute/scheduler.h"
#include "platform/compute/slurm.h"
#include "platform/images/podman.h"

namespace aloft::app {
namespace {

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::uint64_t kLowDisk = 5 * kGiB;

class Report {
 public:
  void Good(const std::string& what, const std::string& detail) { Line("ok", what, detail); }
  void Weak(const std::string& what, const std::string& detail) {
    Line("weak", what, detail);
    ++weak_;
  }
  void Bad(const std::string& what, const std::string& detail) {
    Line("MISSING", what, detail);
    ++bad_;
  }
  // What one may do without.
  void Absent(const std::string& what, const std::string& detail) { Line("absent", what, detail); }
  int bad() const { return bad_; }
  int weak() const { return weak_; }

 private:
  static void Line(const char* mark, const std::string& what, const std::string& detail) {
    std::printf("  %-8s %-18s %s\n", mark, what.c_str(), detail.c_str());
  }
  int bad_ = 0;
  int weak_ = 0;
};

std::string Gibibytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", static_cast<double>(bytes) / static_cast<double>(kGiB));
  return text;
}

// The nearest directory that exists: the data directory may not be made yet.
std::string Existing(std::filesystem::path path) {
  std::error_code failure;
  while (!std::filesystem::exists(path, failure) && path.has_relative_path()) path = path.parent_path();
  return path.string();
}

void CheckIsolation(Report& report) {
  auto gaps = os::SandboxGaps();
  if (gaps.empty()) {
    report.Good("sandbox", "own mount, PID, IPC, network and user namespaces for each job");
  }
  for (const auto& gap : gaps) report.Bad("sandbox", gap);

  auto cgroups = os::DetectCgroups();
  const os::CgroupSupport& support = cgroups->support();
  auto limit = [&](bool present, const char* what) {
    present
        ? report.Good(what, "limited by control groups " + support.driver)
        : report.Weak(what, support.why.empty() ? "no control group limits it; rlimits do, per process" : support.why);
  };
  limit(support.cpu, "CPU shares");
  limit(support.memory, "memory limits");
  limit(support.processes, "process limits");
  access("/dev/fuse", R_OK | W_OK) == 0
      ? report.Good("FastFile", "channels can be mounted; data is fetched as it is read")
      : report.Weak("FastFile", "/dev/fuse cannot be opened: FastFile channels are staged like File");
  if (geteuid() != 0) {
    report.Weak("user", "not root: jobs share this user's identity on disk; isolation rests on namespaces alone");
  }
}

void CheckPrograms(Report& report, const Config& config) {
  auto python = RunAndCapture({"/usr/bin/python3", "-c", "import venv, ensurepip, sys; print(sys.version.split()[0])"});
  python.ok() ? report.Good("python3", std::string(Trim(*python)) + " with venv: environments of jobs can be made")
              : report.Bad("python3", "no /usr/bin/python3 with venv: apt-get install python3 python3-venv");
  auto program = [&](const char* what, const std::string& path, const char* otherwise) {
    access(path.c_str(), R_OK) == 0 ? report.Good(what, path) : report.Bad(what, path + " is not there: " + otherwise);
  };
  program("task agent", config.agent_binary, "build or install Aloft completely");
  program("runtime", config.runtime_directory + "/runtimes.toml", "build or install Aloft completely");
  program("ONNX worker", config.programs_directory + "/aloft-onnx-worker",
          "ONNX models cannot be served; run tools/setup and build");
}

void CheckImages(Report& report, const Config& config) {
  std::string gap = os::ImageGap(Existing(config.data_directory));
  gap.empty() ? report.Good("container images", "run in the same sandboxes as everything else; see aloft images")
              : report.Weak("container images", "cannot run here: " + gap);
  images::Podman().present()
      ? report.Good("podman", "its images are found by their names")
      : report.Absent("podman", "not here: images come by `aloft images load`; apt-get install podman to build them");
}

void CheckSlurm(Report& report) {
  std::string gap = compute::SlurmGap();
  gap.empty() ? report.Good("Slurm", "answers; jobs run there with `slurm = true` in the configuration")
              : report.Absent("Slurm", gap);
}

void CheckCapacity(Report& report, const Config& config) {
  const std::string directory = Existing(config.data_directory);
  compute::Capacity capacity = compute::DetectCapacity(directory);
  char cpus[32];
  std::snprintf(cpus, sizeof cpus, "%.0f vCPU", capacity.vcpus);
  report.Good("machine", std::string(cpus) + ", " + Gibibytes(capacity.memory_bytes) + " of memory, " +
                             std::to_string(capacity.gpus) + " GPU(s)");
  struct statvfs disk {};
  if (statvfs(directory.c_str(), &disk) == 0) {
    std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    std::string text = Gibibytes(free_bytes) + " free at " + directory;
    free_bytes < kLowDisk ? report.Weak("disk", text + "; jobs and uploads will be refused soon")
                          : report.Good("disk", text);
  }
  if (access(directory.c_str(), W_OK) != 0)
    report.Bad("data directory", directory + " cannot be written by this user; see --data");
}

void Doctor(const std::string& data_directory) {
  Config config;
  config.data_directory = data_directory;
  OrFail(CompleteConfig(config));
  Report report;
  std::printf("What this machine gives Aloft:\n");
  CheckIsolation(report);
  CheckPrograms(report, config);
  CheckImages(report, config);
  CheckSlurm(report);
  CheckCapacity(report, config);
  auto server = ReadServerInfo(config.data_directory);
  report.Good("server", server.ok() ? "up at " + server->url : "none runs on " + config.data_directory);
  if (report.bad() > 0) {
    throw CommandFailed{
        Fail(kUnavailable, std::to_string(report.bad()) + " thing(s) are missing; each line says what mends it.")};
  }
  std::printf(report.weak() > 0 ? "\nUsable; what is weak is enforced less strictly.\n" : "\nAll is well.\n");
}

}  // namespace

void AddDoctor(CLI::App& app) {
  auto data = std::make_shared<std::string>();
  auto* command =
      app.add_subcommand("doctor", "Say what this machine can isolate, what is missing, and how to mend it");
  AddDataOption(*command, *data);
  command->footer("Example:\n  aloft doctor");
  command->callback([data] { Doctor(*data); });
}

}  // namespace aloft::app
