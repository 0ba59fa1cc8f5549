// The part of an agent that describes the code's sandbox, makes it, and starts the code in it.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "foundation/os/file.h"
#include "platform/compute/agent/agent.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kCredentialsPort = 51'780;
constexpr char kCaInside[] = "/opt/aloft/ca.pem";

}  // namespace

os::SandboxSpec Agent::DescribeSandbox() const {
  os::SandboxSpec sandbox;
  sandbox.root_directory = Inside("root");
  sandbox.mounts = {{Inside("ml"), "/opt/ml", true, false}};
  if (!spec_.image.empty()) {
    sandbox.image = os::ImageRoot{library_.RootOf(spec_.image), Inside("layer")};
  } else {
    sandbox.mounts.insert(sandbox.mounts.end(), {{Inside("tmp"), "/tmp", true, false},
                                                 {Inside("tmp"), "/var/tmp", true, false},
                                                 {launch_.socket_directory, "/run/aloft", true, false},
                                                 {launch_.runtime_directory, kRuntimeDirectory, false, false}});
    if (!launch_.programs_directory.empty())
      sandbox.mounts.push_back({launch_.programs_directory, kProgramsDirectory, false, true});
  }
  sandbox.dial = spec_.port != 0;
  if (!launch_.ca_file.empty()) sandbox.mounts.push_back({launch_.ca_file, kCaInside, false, false});
  // "/.": the link is followed once there is one; before that, and without packages, nothing is mounted.
  if (BringsPackages()) sandbox.mounts.push_back({Inside(kPackagesName) + "/.", "/opt/aloft/packages", false, true});
  if (environment_) sandbox.mounts.push_back({environment_->path, environment_->path, false, false});
  for (const Input& input : spec_.inputs)
    if (Streams(input)) sandbox.fuse_targets.push_back(input.path);
  sandbox.shared_memory_bytes = std::max<std::uint64_t>(launch_.limits.memory_bytes / 2, 64u << 20);
  sandbox.gpus = launch_.limits.gpus > 0;
  sandbox.host_name = spec_.host_name;
  if (UsesApi()) {
    if (!api_->is_address() && api_->host != "localhost") sandbox.hosts[api_->host] = "127.0.0.1";
    sandbox.listen_ports = {api_->port, kCredentialsPort};
    if (spec_.network == Network::kInternet) sandbox.listen_ports.push_back(kProxyPort);
  }
  if (gang_.several()) {
    for (std::size_t host = 0; host < spec_.gang.host_names.size(); ++host)
      sandbox.hosts[spec_.gang.host_names[host]] = LinkAddress(static_cast<int>(host));
    sandbox.link_address = LinkAddress(spec_.gang.index);
  }
  sandbox.working_directory = spec_.working_directory;
  sandbox.outside_uid = launch_.user;
  sandbox.max_file_bytes = launch_.limits.disk_bytes;
  sandbox.max_open_files = 65'536;
  // What no control group limits, rlimits do: per process rather than for all of them together.
  if (!cgroups_->support().memory) sandbox.max_data_bytes = launch_.limits.memory_bytes;
  if (!cgroups_->support().processes) sandbox.max_processes = static_cast<std::uint64_t>(launch_.limits.max_processes);
  return sandbox;
}

Status Agent::CloneSandbox() {
  if (!spec_.environment.empty()) {
    ALOFT_ASSIGN(environment_, environments_.Find(spec_.environment));
  }
  streams_ = FastFiles::Available().ok();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return SystemError("pipe", errno);
  output_reading_ = os::Fd(ends[0]);
  output_writing_ = os::Fd(ends[1]);
  if (BringsPackages()) {
    ALOFT_TRY(os::MakeDirectories(Inside(kPackagesName), 0755));
    ALOFT_ASSIGN(installer_, os::Sandbox::Create(DescribeInstaller(), output_writing_.get()));
  }
  ALOFT_ASSIGN(sandbox_, os::Sandbox::Create(DescribeSandbox(), output_writing_.get()));
  if (auto first = os::IdentityOf(sandbox_->pid())) ALOFT_TRY(journal_.SandboxCreated(*first));
  // Only now: the sandbox's first process has a copy of all that was in this one's memory.
  SystemRandom random;
  ALOFT_ASSIGN(const TaskCredentials::PublicKeys keys, credentials_.MakeKeys(random));
  ALOFT_TRY(journal_.KeyMade(keys.sealing, keys.tls));
  output_writing_.Reset();  // the sandbox has it now: the log ends with the sandbox
  return {};
}

std::map<std::string, std::string> Agent::OwnVariables() const {
  if (image_) {
    auto variables = image_->config.variables;
    variables.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    variables.emplace("HOME", image_user_.home);
    variables.emplace("HOSTNAME", spec_.host_name);
    return variables;
  }
  std::map<std::string, std::string> variables{{"HOME", "/tmp"},
                                               {"TMPDIR", "/tmp"},
                                               {"USER", "aloft"},
                                               {"LANG", "C.UTF-8"},
                                               {"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                               {"PYTHONUNBUFFERED", "1"},
                                               {"PYTHONPATH", std::string(kRuntimeDirectory) + ":/tmp/packages"}};
  if (environment_) {
    variables["PATH"] = environment_->path + "/bin:" + variables["PATH"];
    // pip and torchrun as they must be here, for code that calls them by name; see runtime/aloft_runtime/overlay.py.
    variables["PATH"].insert(0, std::string(kRuntimeDirectory) + "/bin:");
    variables["VIRTUAL_ENV"] = environment_->path;
  }
  return variables;
}

std::map<std::string, std::string> Agent::Variables() const {
  auto variables = OwnVariables();
  variables["AWS_REGION"] = variables["AWS_DEFAULT_REGION"] = spec_.region;
  variables["AWS_EC2_METADATA_DISABLED"] = "true";
  if (UsesApi()) {
    std::string host = api_->is_address() ? "127.0.0.1" : api_->host;
    std::string url = api_->scheme + "://" + host + ":" + std::to_string(api_->port);
    for (const char* name : {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "S3_ENDPOINT_URL"}) variables[name] = url;
    if (!launch_.ca_file.empty()) variables["AWS_CA_BUNDLE"] = kCaInside;
    if (!spec_.role_arn.empty()) {
      variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] =
          "http://127.0.0.1:" + std::to_string(kCredentialsPort) + "/credentials";
      variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = credentials_token_;
    }
    if (spec_.network == Network::kInternet) {
      for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"})
        variables[name] = "http://127.0.0.1:" + std::to_string(kProxyPort);
      for (const char* name : {"NO_PROXY", "no_proxy"}) variables[name] = "127.0.0.1,localhost," + api_->host;
    }
  }
  for (const auto& [name, value] : spec_.variables) variables[name] = value;
  return variables;
}

std::optional<Agent::End> Agent::Start() {
  auto cannot = [](const Error& error) { return End{Outcome::kCannotRun, Describe(error), false}; };
  auto grouped = cgroups_->Create(launch_.control_group, {.cpus = launch_.limits.vcpus,
                                                          .memory_bytes = launch_.limits.memory_bytes,
                                                          .max_processes = launch_.limits.max_processes});
  if (grouped.ok()) grouped = cgroups_->Add(launch_.control_group, sandbox_->pid());
  if (!grouped.ok()) return cannot(grouped.error());
  Enter(Phase::kRunning, "Running the code");
  if (UsesApi() && !spec_.role_arn.empty()) credentials_.Wait([this] { return StopRequested(); });
  Status served;
  std::optional<os::RunAs> as;
  if (image_) as = os::RunAs{image_user_.uid, image_user_.gid, WorkingDirectory()};
  auto listeners = sandbox_->Start(
      Command(), Variables(),
      [&](std::vector<os::Fd> mounts) {
        served = fast_files_ ? fast_files_->Serve(std::move(mounts)) : Fail(kInternal, "nobody serves the mounts");
      },
      as);
  if (!served.ok()) return cannot(served.error());
  if (!listeners.ok()) return cannot(listeners.error());
  if (auto linked = OpenLink(*listeners); !linked.ok()) return cannot(linked.error());
  if (auto opened = OpenPort(*listeners); !opened.ok()) return cannot(opened.error());
  static_cast<void>(journal_.CommandStarted());
  command_ran_ = true;
  StartSyncs();
  if (!listeners->empty()) {
    gate_ = std::make_unique<Gate>(GateOptions{.api_url = [this] { return CurrentApiUrl(launch_.directory); },
                                               .credentials = [this] { return credentials_.ForCode(); },
                                               .credentials_token = credentials_token_});
    constexpr Gate::Kind kKinds[] = {Gate::Kind::kApi, Gate::Kind::kCredentials, Gate::Kind::kProxy};
    for (std::size_t i = 0; i < listeners->size(); ++i) gate_->Serve(kKinds[i], std::move((*listeners)[i]));
  }
  return std::nullopt;
}

Status Agent::OpenLink(std::vector<os::Fd>& descriptors) {
  if (!gang_.several()) return {};
  if (descriptors.empty()) return Fail(kInternal, "the sandbox has no link to the other hosts");
  std::string run = fs::path(launch_.socket_directory).parent_path();
  ALOFT_ASSIGN(link_, HostLink::Open(LinkDirectory(run, spec_.gang), spec_.gang.index,
                                     static_cast<int>(spec_.gang.members.size()), std::move(descriptors.back())));
  descriptors.pop_back();
  return {};
}
}  // namespace aloft::compute
