#include "platform/compute/agent/agent.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "foundation/base/random.h"
#include "foundation/os/file.h"

namespace aloft::compute {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxUnreadLog = 256u << 20;
constexpr std::uint16_t kCredentialsPort = 51'780;
constexpr char kCaInside[] = "/opt/aloft/ca.pem";

}  // namespace

Result<std::unique_ptr<Agent>> Agent::Create(const std::string& directory, const Clock& clock) {
  ALOFT_ASSIGN(std::string spec_text, os::ReadFile(directory + "/" + kSpecFile));
  ALOFT_ASSIGN(StoredSpec stored, DecodeSpec(spec_text));
  ALOFT_ASSIGN(std::string launch_text, os::ReadFile(directory + "/" + kLaunchFile));
  ALOFT_ASSIGN(Launch launch, DecodeLaunch(launch_text));
  // A batch system may start the same job once more: what has been run, or ended before it ran, is not run again.
  auto before = os::ReadFile(directory + "/" + kJournalFile);
  JournalState past = FoldJournal(before.ok() ? *before : std::string(), Time{});
  if (past.agent.pid != 0 || past.status.phase == Phase::kEnded)
    return Fail(kInternal, "the task of " + directory + " has had its agent already");
  ALOFT_ASSIGN(Journal journal, Journal::Open(directory, clock));
  auto self = os::IdentityOf(::getpid());
  if (!self) return Fail(kInternal, "/proc does not tell who this process is");
  ALOFT_TRY(journal.AgentStarted(*self));
  std::unique_ptr<Agent> agent(new Agent(std::move(stored.spec), std::move(launch), std::move(journal), clock));
  auto ready = agent->MakeDirectories();
  if (ready.ok()) ready = agent->CloneSandbox();
  if (!ready.ok()) {
    static_cast<void>(agent->journal_.Ended(Outcome::kCannotRun, Describe(ready.error()), false));
    return std::move(ready).error();
  }
  return agent;
}

Agent::Agent(TaskSpec spec, Launch launch, Journal journal, const Clock& clock)
    : spec_(std::move(spec)),
      launch_(std::move(launch)),
      journal_(std::move(journal)),
      clock_(clock),
      log_(launch_.directory, clock, kMaxUnreadLog, [this] { return StopRequested(); }),
      environments_(launch_.environments_directory, launch_.runtime_directory),
      library_(launch_.images_directory),
      cgroups_(os::DetectCgroups()),
      gang_(spec_.gang, launch_.directory),
      credentials_(Inside(kCredentialsFile), spec_.id) {
  SystemRandom random;
  credentials_token_ = random.Text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
  api_ = ParseEndpoint(launch_.api_url);
}

Owner Agent::owner() const {
  if (launch_.user == 0) return std::nullopt;
  return launch_.user + image_user_.uid;
}

bool Agent::StopRequested() const {
  return ::access(Inside(kStopFile).c_str(), F_OK) == 0;
}

StopMode Agent::StopModeNow() const {
  auto text = os::ReadFile(Inside(kStopFile));
  return DecodeStop(text.ok() ? *text : std::string());
}

bool Agent::UsesApi() const {
  return spec_.network != Network::kNone && api_ && api_->is_http();
}

void Agent::Enter(Phase phase, std::string_view message) {
  static_cast<void>(journal_.Entered(phase, message));
}

Status Agent::MakeDirectories() {
  std::vector<const char*> names{"ml", "tmp", "root"};
  if (!spec_.image.empty()) names.push_back("layer");
  for (const char* name : names) {
    std::string path = Inside(name);
    if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return SystemError("mkdir " + path, errno);
    if (owner() && ::chown(path.c_str(), *owner(), *owner()) != 0) return SystemError("chown " + path, errno);
  }
  ALOFT_TRY(os::MakeDirectories(launch_.socket_directory, 0700));
  if (owner() && ::chown(launch_.socket_directory.c_str(), *owner(), *owner()) != 0)
    return SystemError("chown " + launch_.socket_directory, errno);
  ml_ = os::Fd(::open(Inside("ml").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!ml_) return SystemError("open ml", errno);
  for (const char* path : {"input/config", "input/data", "model", "output/data", "code"})
    ALOFT_TRY(MakeBeneath(ml_.get(), path, owner()));
  return {};
}

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
  ALOFT_TRY(journal_.KeyMade(credentials_.MakeKey(random)));
  output_writing_.Reset();  // the sandbox has it now: the log ends with the sandbox
  return {};
}

Status Agent::Run() {
  ALOFT_TRY(log_.Open());
  pump_ = std::thread([this] {
    char buffer[64 * 1024];
    for (;;) {
      ssize_t got = ::read(output_reading_.get(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      log_.Bytes({buffer, static_cast<std::size_t>(got)});
    }
    log_.Flush();
  });
  End end = Work();
  EndStreams();
  if (pipes_) {
    pipes_->Stop();
    // The code saw a stream that ended too early; whatever it made of it is not what was asked.
    if (std::string why = pipes_->failure(); !why.empty() && end.outcome != Outcome::kStopped)
      end = {Outcome::kInputRefused, why, false};
  }
  StopSyncs();
  installer_.reset();
  sandbox_.reset();
  pump_.join();
  if (command_ran_) Store(end);
  if (!end.failure.empty() && !end.users) log_.Line("Aloft: " + end.failure);
  CleanUp();
  return journal_.Ended(end.outcome, end.failure, end.users);
}

Agent::End Agent::Work() {
  if (auto end = Prepare()) return *end;
  if (auto end = Stage()) return *end;
  if (auto end = BringPackages()) return *end;
  if (auto end = Start()) return *end;
  Reason reason = Watch();
  EndStreams();
  return Judge(reason);
}

std::optional<Agent::End> Agent::Prepare() {
  for (const auto& line : spec_.banner) log_.Line(line);
  if (auto end = spec_.image.empty() ? PrepareEnvironment() : PrepareImage()) return end;
  if (cgroups_->support().driver == "none") log_.Line("Limits are per process only: " + cgroups_->support().why);
  return std::nullopt;
}

std::optional<Agent::End> Agent::PrepareEnvironment() {
  auto stopped = [this] { return StopRequested(); };
  if (environment_) {
    if (!environment_->ready) Enter(Phase::kPreparing, "Making the environment " + spec_.environment);
    auto environment = environments_.Ensure(
        spec_.environment, [this](std::string_view line) { log_.Line(line); }, stopped);
    if (!environment.ok()) {
      if (stopped()) return End{Outcome::kStopped, "stopped before the code ran", false};
      return End{Outcome::kCannotRun, environment.error().message, false};
    }
    environment_ = std::move(*environment);
    static_cast<void>(journal_.Versions(environment_->versions));
    std::string versions;
    for (const auto& version : environment_->versions) versions += (versions.empty() ? "" : ", ") + version;
    log_.Line("Runtime " + spec_.environment + ": " + versions);
  }
  return std::nullopt;
}

std::optional<Agent::End> Agent::Stage() {
  if (StopRequested()) return End{Outcome::kStopped, "stopped before the code ran", false};
  auto cannot = [](const Error& error) { return End{Outcome::kCannotRun, Describe(error), false}; };
  for (const File& file : spec_.files) {
    auto path = fs::path(BelowOptMl(file.path));
    auto directory = MakeBeneath(ml_.get(), path.parent_path().string(), owner());
    if (!directory.ok()) return cannot(directory.error());
    os::Fd made = OpenBeneath(directory->get(), path.filename(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!made ||
        ::write(made.get(), file.content.data(), file.content.size()) != static_cast<ssize_t>(file.content.size()))
      return cannot(SystemError("write " + file.path, errno));
    if (owner()) static_cast<void>(!::fchown(made.get(), *owner(), *owner()));
  }
  if (spec_.working_directory.starts_with("/opt/ml/")) {
    auto made = MakeBeneath(ml_.get(), BelowOptMl(spec_.working_directory), owner());
    if (!made.ok()) return cannot(made.error());
  }
  if (spec_.inputs.empty() && spec_.outputs.empty()) return std::nullopt;
  auto transfer = OpenTransfer({.api_url = [this] { return CurrentApiUrl(launch_.directory); },
                                .ca_file = launch_.ca_file,
                                .region = spec_.region,
                                .credentials = [this] { return credentials_.Read(); },
                                .cancelled = [this] { return !command_ran_ && StopRequested(); }});
  if (!transfer.ok()) return cannot(transfer.error());
  transfer_ = std::move(*transfer);
  for (const Output& output : spec_.outputs) {
    // They are there before the code is, as a volume would be.
    auto made = MakeBeneath(ml_.get(), BelowOptMl(output.path), owner());
    if (!made.ok()) return cannot(made.error());
    if (output.continuous) syncs_.emplace_back(*transfer_, ml_.get(), output);
  }
  if (spec_.inputs.empty()) return std::nullopt;

  Enter(Phase::kStaging, "Downloading input data");
  auto brought = BringInputs();
  if (StopRequested()) return End{Outcome::kStopped, "stopped before the code ran", false};
  if (!brought.ok()) return End{Outcome::kInputRefused, brought.error().message, false};
  for (DirectorySync& sync : syncs_) sync.AssumeStored();
  return std::nullopt;
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
                                               {"PYTHONPATH", kRuntimeDirectory}};
  if (environment_) {
    variables["PATH"] = environment_->path + "/bin:" + variables["PATH"];
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
                                               .credentials = [this] { return credentials_.Read(); },
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

bool Agent::Gather(const End& end, bool failed) {
  auto abandoned = [this] { return StopModeNow() == StopMode::kDiscard; };
  bool merges = std::any_of(spec_.outputs.begin(), spec_.outputs.end(), [](const Output& o) { return o.merge; });
  if (!merges || failed) return true;
  if (!gang_.first()) {
    gang_.WaitForCollector(abandoned);
    return true;
  }
  bool whole = gang_.WaitForCommands(abandoned);
  if (abandoned() || (!whole && end.outcome == Outcome::kSucceeded)) return false;
  for (const Output& output : spec_.outputs) {
    if (!output.merge) continue;
    auto collected = gang_.Collect(ml_.get(), BelowOptMl(output.path), owner());
    if (!collected.ok()) log_.Line("Aloft: results of other hosts are missing: " + Describe(collected.error()));
  }
  return true;
}

void Agent::Store(End& end) {
  if (!transfer_) return;  // it has no outputs
  StopMode mode = StopModeNow();
  bool failed =
      (end.outcome != Outcome::kSucceeded && end.outcome != Outcome::kStopped && end.outcome != Outcome::kMaxRuntime) ||
      mode == StopMode::kDiscard;
  bool entered = !syncs_.empty();
  if (entered) Enter(Phase::kUploading, "Uploading results");
  if (!FinishSyncs(end, failed)) return;
  if (end.outcome == Outcome::kStopped && mode == StopMode::kInterrupt) return;
  if (gang_.several() && !Gather(end, failed)) return;
  Stager stager(*transfer_, {.ml = ml_.get(),
                             .scratch = launch_.directory,
                             .owner = owner(),
                             .disk_bytes = launch_.limits.disk_bytes,
                             .cancelled = [] { return false; },
                             .progress = [this](std::string_view line) { log_.Line(line); }});
  for (const Output& output : spec_.outputs) {
    if (output.continuous || (output.merge && !gang_.first()) || (failed && !output.even_if_failed)) continue;
    if (!entered) Enter(Phase::kUploading, "Uploading results");
    entered = true;
    auto stored = stager.Store(output);
    if (stored.ok()) continue;
    if (!failed) end = {Outcome::kOutputFailed, output.s3_uri + ": " + stored.error().message, false};
    return;
  }
}

void Agent::CleanUp() {
  if (port_) port_->Stop();
  if (gate_) gate_->Stop();
  link_.reset();
  static_cast<void>(cgroups_->Remove(launch_.control_group));
  ml_.Reset();
  std::error_code ignored;
  // The kernel makes it without any permission.
  fs::permissions(Inside("layer/work/work"), fs::perms::owner_all, ignored);
  for (const char* name : {"ml", "tmp", "root", "layer", kPackagesName}) fs::remove_all(Inside(name), ignored);
  fs::remove_all(launch_.socket_directory, ignored);
  fs::remove(Inside(kCredentialsFile), ignored);
}

}  // namespace aloft::compute
