#include "platform/compute/agent/agent.h"

#include <fcntl.h>
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
                                .credentials = [this] { return credentials_.ForAgent(); },
                                .identity = [this] { return credentials_.Identity(); },
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
