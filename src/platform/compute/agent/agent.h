// The life of one task, from its directory to its last journal line.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/os/cgroup.h"
#include "foundation/os/sandbox.h"
#include "platform/compute/agent/api_endpoint.h"
#include "platform/compute/agent/directory_sync.h"
#include "platform/compute/agent/fast_files.h"
#include "platform/compute/agent/gang.h"
#include "platform/compute/agent/gate.h"
#include "platform/compute/agent/host_link.h"
#include "platform/compute/agent/pipes.h"
#include "platform/compute/agent/stager.h"
#include "platform/compute/agent/task_credentials.h"
#include "platform/compute/agent/usage_meter.h"
#include "platform/compute/environment.h"
#include "platform/compute/journal.h"
#include "platform/compute/log_spool.h"
#include "platform/compute/task_files.h"
#include "platform/images/library.h"
#include "platform/images/user.h"

namespace aloft::compute {

inline constexpr char kPackagesName[] = "packages";  // in the task's directory: the overlay, or where it is made
inline constexpr std::uint16_t kProxyPort = 51'781;

class Agent {
 public:
  // Call it while the process has one thread: the sandbox's first process is cloned here.
  static Result<std::unique_ptr<Agent>> Create(const std::string& directory, const Clock& clock);

  // Prepares, stages, runs, stores; returns when the journal has its last line.
  Status Run();

 private:
  struct End {
    Outcome outcome = Outcome::kSucceeded;
    std::string failure;
    bool users = false;
  };
  // Why a running command was asked to end.
  enum class Reason { kNone, kStop, kMaxRuntime, kDisk };

  Agent(TaskSpec spec, Launch launch, Journal journal, const Clock& clock);
  Status MakeDirectories();
  Status OpenLink(std::vector<os::Fd>& descriptors);
  Status CloneSandbox();
  os::SandboxSpec DescribeSandbox() const;

  End Work();
  std::optional<End> Prepare();
  std::optional<End> PrepareEnvironment();
  std::optional<End> PrepareImage();
  std::optional<End> Stage();
  Status BringInputs();
  // agent_overlay.cc
  bool BringsPackages() const;
  os::SandboxSpec DescribeInstaller() const;
  std::map<std::string, std::string> InstallerVariables() const;
  std::optional<End> BringPackages();
  Status Install(const std::string& list);
  Status AwaitInstaller(const std::string& target);
  StagerOptions Staging();
  bool Streams(const Input& input) const { return streams_ && input.stream; }
  void EndStreams();
  std::optional<End> Start();
  Reason Watch();
  UsageTotals Totals(const os::CgroupUsage& used, std::uint64_t disk_bytes) const;
  End Judge(Reason reason);
  void StartSyncs();
  void StopSyncs();
  void Store(End& end);
  // Brings the results of several hosts together at the first one; false where the others' are missing.
  bool Gather(const End& end, bool failed);
  // The last look of every sync; false, and why in `end`, where something could not be stored.
  bool FinishSyncs(End& end, bool failed);
  void CleanUp();

  // What of the machine the code sees, by variables: an environment's, or an image's own.
  std::map<std::string, std::string> OwnVariables() const;
  std::map<std::string, std::string> Variables() const;
  std::vector<std::string> Command() const;
  std::string WorkingDirectory() const;
  // Makes the code's port the worker's socket.
  Status OpenPort(std::vector<os::Fd>& descriptors);
  void GiveDirectories();
  std::vector<std::string> Written() const;
  std::string Inside(const char* name) const { return launch_.directory + "/" + name; }
  bool StopRequested() const;
  StopMode StopModeNow() const;
  bool UsesApi() const;
  void Enter(Phase phase, std::string_view message);
  Owner owner() const;

  TaskSpec spec_;
  Launch launch_;
  Journal journal_;
  const Clock& clock_;
  LogSpool log_;
  Environments environments_;
  std::optional<Environment> environment_;
  images::Library library_;
  std::optional<images::Image> image_;
  images::User image_user_;
  std::unique_ptr<os::Cgroups> cgroups_;
  std::unique_ptr<ObjectTransfer> transfer_;
  std::unique_ptr<Gate> gate_, port_;
  os::Fd dial_;
  std::string credentials_token_;
  std::optional<ApiEndpoint> api_;

  os::Fd ml_;
  os::Fd output_reading_, output_writing_;
  std::optional<os::Sandbox> sandbox_, installer_;
  os::Fd packages_;  // keeps the task's overlay from being removed
  GangView gang_;
  TaskCredentials credentials_;
  std::unique_ptr<HostLink> link_;
  std::unique_ptr<UsageMeter> meter_;
  std::thread pump_;
  std::unique_ptr<Pipes> pipes_;
  bool streams_ = false;  // inputs that are to be streamed can be
  std::atomic<bool> streams_end_{false};
  std::unique_ptr<ObjectTransfer> stream_transfer_;
  std::unique_ptr<FastFiles> fast_files_;
  std::vector<InputRead> reads_;  // of the inputs that were staged
  std::vector<DirectorySync> syncs_;
  std::thread syncer_;
  os::Fd sync_stop_;
  bool command_ran_ = false;
};

}  // namespace aloft::compute
