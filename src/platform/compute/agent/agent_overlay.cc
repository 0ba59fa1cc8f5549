// The part of an agent that brings packages beyond the environment (overlays.h): they are installed in a sandbox of
// their own, which sees nothing of the job but its list of packages, because what it makes serves other jobs, too.
#include <poll.h>
#include <unistd.h>

#include <filesystem>

#include "foundation/os/file.h"
#include "platform/compute/agent/agent.h"
#include "platform/compute/agent/beneath.h"
#include "platform/compute/agent/disk_usage.h"
#include "platform/compute/overlays.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRequirements = 256 * 1024;
constexpr auto kMaxTime = std::chrono::minutes(30);
constexpr char kLauncher[] = "/aloft_runtime/train.py";
constexpr char kRequirements[] = "code/requirements.txt";     // below /opt/ml
constexpr char kPackagesDirectory[] = "/opt/aloft/packages";  // inside; the launcher looks there
constexpr char kScratch[] = "/.tmp";
constexpr char kList[] = "/requirements.txt";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

}  // namespace

// Of tasks that our launcher of scripts runs: it would install the list itself, beside the script.
bool Agent::BringsPackages() const {
  const bool launched = spec_.command.size() > 1 && spec_.command[1] == std::string(kRuntimeDirectory) + kLauncher;
  return environment_ && launched && spec_.network == Network::kInternet && UsesApi();
}

os::SandboxSpec Agent::DescribeInstaller() const {
  os::SandboxSpec sandbox;
  sandbox.root_directory = Inside("root");
  sandbox.mounts = {{Inside(kPackagesName), kPackagesDirectory, true, false},
                    {launch_.runtime_directory, kRuntimeDirectory, false, false},
                    {environment_->path, environment_->path, false, false}};
  if (!api_->is_address() && api_->host != "localhost") sandbox.hosts[api_->host] = "127.0.0.1";
  sandbox.listen_ports = {api_->port, kProxyPort};
  sandbox.outside_uid = launch_.user;
  sandbox.max_file_bytes = launch_.limits.disk_bytes;
  sandbox.max_open_files = 65'536;
  if (!cgroups_->support().memory) sandbox.max_data_bytes = launch_.limits.memory_bytes;
  if (!cgroups_->support().processes) sandbox.max_processes = static_cast<std::uint64_t>(launch_.limits.max_processes);
  return sandbox;
}

std::optional<Agent::End> Agent::BringPackages() {
  if (!installer_) return std::nullopt;
  std::string list = ReadBeneath(ml_.get(), kRequirements, kMaxRequirements + 1);
  std::optional<std::string> name;
  if (!list.empty() && list.size() <= kMaxRequirements)
    name = Overlays::NameOf(list, environment_->path, spec_.queue, spec_.variables);
  std::error_code error;
  if (!name) {  // there is none, or the launcher installs it for this job alone
    installer_.reset();
    fs::remove_all(Inside(kPackagesName), error);
    return std::nullopt;
  }
  auto stopped = [this] { return StopRequested(); };
  Overlays overlays(launch_.environments_directory + "/overlays");
  auto overlay = overlays.Acquire(
      *name, [this] { log_.Line("Another task installs the same requirements.txt; waiting for it."); }, stopped);
  Status brought = overlay.ok() ? Status() : Status(overlay.error());
  const bool found = overlay.ok() && overlay->ready;
  if (brought.ok() && !found) {
    brought = Install(list);
    if (brought.ok()) brought = overlays.Publish(*overlay, Inside(kPackagesName));
  }
  installer_.reset();
  if (!brought.ok() && stopped()) return End{Outcome::kStopped, "stopped before the code ran", false};
  if (!brought.ok()) return End{Outcome::kFailed, brought.error().message, false};
  fs::remove_all(Inside(kPackagesName), error);
  fs::create_directory_symlink(overlay->path, Inside(kPackagesName), error);
  if (error) return End{Outcome::kCannotRun, "the packages of requirements.txt: " + error.message(), false};
  packages_ = std::move(overlay->lock);
  if (overlay->packages.empty()) return std::nullopt;
  log_.Line(std::string("Packages of requirements.txt, ") + (found ? "found ready: " : "installed: ") +
            Joined(overlay->packages));
  static_cast<void>(journal_.Versions(overlay->packages));
  return std::nullopt;
}

// What the installer's sandbox sees: no credentials, and of the job's variables only the installer's own.
std::map<std::string, std::string> Agent::InstallerVariables() const {
  auto variables = OwnVariables();
  std::string scratch = std::string(kPackagesDirectory) + kScratch;
  variables["HOME"] = variables["TMPDIR"] = scratch;
  for (const char* proxy : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"})
    variables[proxy] = "http://127.0.0.1:" + std::to_string(kProxyPort);
  for (const char* none : {"NO_PROXY", "no_proxy"}) variables[none] = "127.0.0.1,localhost," + api_->host;
  for (const auto& [name, value] : spec_.variables)
    if (name.starts_with("PIP_")) variables[name] = value;
  return variables;
}

Status Agent::Install(const std::string& list) {
  const std::string target = Inside(kPackagesName);
  std::error_code error;
  fs::create_directory(target + kScratch, error);
  ALOFT_TRY(os::WriteFileDurably(target + kList, list, 0644));
  for (const std::string& path : {target, target + kScratch, target + kList})
    if (owner() && ::lchown(path.c_str(), *owner(), *owner()) != 0) return SystemError("chown " + path, errno);
  ALOFT_TRY(cgroups_->Create(launch_.control_group, {.cpus = launch_.limits.vcpus,
                                                     .memory_bytes = launch_.limits.memory_bytes,
                                                     .max_processes = launch_.limits.max_processes}));
  ALOFT_TRY(cgroups_->Add(launch_.control_group, installer_->pid()));
  ALOFT_ASSIGN(auto listeners,
               installer_->Start({"python", std::string(kRuntimeDirectory) + "/aloft_runtime/overlay.py",
                                  std::string(kPackagesDirectory) + kList, kPackagesDirectory},
                                 InstallerVariables()));
  if (listeners.size() != 2) return Fail(kInternal, "the installer has no way out");
  Gate gate({.api_url = [this] { return CurrentApiUrl(launch_.directory); }});
  gate.Serve(Gate::Kind::kApi, std::move(listeners[0]));
  gate.Serve(Gate::Kind::kProxy, std::move(listeners[1]));
  Status ended = AwaitInstaller(target);
  installer_.reset();  // and all in it: from here on nobody writes there
  gate.Stop();
  ALOFT_TRY(std::move(ended));
  for (const char* name : {kScratch, kList}) fs::remove_all(target + name, error);
  return {};
}

Status Agent::AwaitInstaller(const std::string& target) {
  const auto until = std::chrono::steady_clock::now() + kMaxTime;
  for (pollfd wait{installer_->wait_fd(), POLLIN, 0}; wait.revents == 0;) {
    ::poll(&wait, 1, 250);
    if (StopRequested()) return Fail(kCancelled, "stopped while requirements.txt was installed");
    if (std::chrono::steady_clock::now() > until)
      return Fail(kDeadlineExceeded, "requirements.txt could not be installed in half an hour");
    if (DiskUsage({target}, {}) > launch_.limits.disk_bytes)
      return Fail(kInternal, "the packages of requirements.txt are larger than the job's volume");
  }
  os::SandboxEnd end = installer_->Wait();
  if (end.exit_code == 0) return {};
  return Fail(
      kInternal,
      "requirements.txt could not be installed (exit code " + std::to_string(end.exit_code) +
          "); the installer's reasons stand in the log. Without internet access for jobs nothing can be fetched.");
}

}  // namespace aloft::compute
