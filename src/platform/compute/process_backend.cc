#include "platform/compute/process_backend.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "foundation/base/fault_point.h"
#include "foundation/crypto/hash.h"
#include "foundation/os/file.h"
#include "foundation/os/process.h"
#include "platform/compute/agent_variables.h"
#include "platform/compute/errors.h"
#include "platform/compute/log_spool.h"
#include "platform/compute/process_backend_impl.h"

namespace aloft::compute {
namespace internal {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kFirstUser = 2'000'000;         // tasks run as users nobody else has
constexpr std::uint32_t kFirstImageUser = 0x6000'0000;  // and tasks of images as the 65536 from there on, or later
constexpr std::uint32_t kImageUsers = 0x1'0000;
constexpr std::uint64_t kAcknowledgeStep = 1u << 20;  // acknowledging every read would be mostly writing

}  // namespace

ProcessBackend::ProcessBackend(ProcessBackendOptions options, const Clock& clock, Log log)
    : options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)),
      environments_(options_.environments_directory, options_.runtime_directory),
      cgroups_(os::DetectCgroups()) {}

std::string ProcessBackend::SocketDirectory(const TaskId& id) const {
  return options_.socket_directory + "/" + crypto::Sha256Hex(id.value()).substr(0, 12);
}

std::string ProcessBackend::ControlGroup(const TaskId& id) const {
  // Two installations on one machine may have tasks of the same name.
  return crypto::Sha256Hex(options_.tasks_directory).substr(0, 8) + "-" + id.value();
}

Status ProcessBackend::Open() {
  ALOFT_TRY(os::MakeDirectories(options_.tasks_directory, 0700));
  ALOFT_TRY(os::MakeDirectories(options_.socket_directory, 0700));
  if (options_.socket_directory.size() + sizeof("/123456789012/worker.sock") > 108)
    return Fail(kInvalidArgument,
                options_.socket_directory + " is too long a path for Unix sockets; choose a shorter one");
  if (!cgroups_->support().why.empty())
    log_.Warn("limits of tasks are weaker than asked", {{"why", cgroups_->support().why}});
  ALOFT_TRY(StartWatching());
  std::lock_guard lock(operations_);
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(options_.tasks_directory, error))
    names.push_back(entry.path().filename());
  for (const std::string& name : names) Adopt(name);
  std::vector<std::string> given;
  for (const auto& [id, task] : tasks_)
    if (task.was_launched && task.state != State::kWaiting && !task.room_of.empty()) given.push_back(task.room_of);
  for (const std::string& group : given) GiveRoom(group);
  LaunchWaiting();
  watcher_ = std::thread([this] { WatchLoop(); });
  return {};
}

void ProcessBackend::Adopt(const std::string& name) {
  std::string directory = options_.tasks_directory + "/" + name;
  std::error_code error;
  auto text = os::ReadFile(directory + "/" + kSpecFile);
  if (name.starts_with('.') || !text.ok()) {  // removed, or never wholly made
    fs::remove_all(directory, error);
    return;
  }
  auto stored = DecodeSpec(*text);
  if (!stored.ok()) {
    log_.Error("a task's directory cannot be understood and is left alone",
               {{"directory", directory}, {"error", Describe(stored.error())}});
    return;
  }
  Task task;
  task.stored = std::move(*stored);
  TaskId id = task.stored.spec.id;
  bool held = LockIsHeld(id);
  JournalState journal = ReadJournal(id, task.stored.accepted);
  if (auto launch_text = os::ReadFile(directory + "/" + kLaunchFile); launch_text.ok()) {
    if (auto launch = DecodeLaunch(*launch_text); launch.ok()) {
      task.granted = launch->limits;
      task.user = launch->user;
      task.was_launched = true;
      task.room_of = launch->room_of;
      if (held && launch->api_url != options_.api_url) {  // the server has come back under another address
        launch->api_url = options_.api_url;
        static_cast<void>(ReplaceFile(directory + "/" + kLaunchFile, EncodeLaunch(*launch)));
      }
    }
  }
  // An agent speaks before it does anything: silence means that starting it is safe.
  if (journal.status.phase == Phase::kEnded) {
    SetEnded(task, journal.status.outcome, journal.status.transitions.back().at);
  } else if (held || journal.agent.pid != 0) {
    task.state = State::kRunning;
  }
  task.launched = journal.status.command_started.value_or(task.stored.accepted);
  task.leaving = ::access((directory + "/" + kStopFile).c_str(), F_OK) == 0;
  {
    std::lock_guard lock(mutex_);
    tasks_[id] = std::move(task);
  }
  WatchDirectory(id);
  Refresh(id);
  log_.Info("found a task", {{"task", id.value()}, {"agent", held ? "alive" : "gone"}});
}

Status ProcessBackend::Start(const TaskSpec& spec) {
  ALOFT_TRY(CheckSpec(spec));
  std::lock_guard lock(operations_);
  if (Copy(spec.id)) return {};
  if (options_.host && spec.gang.members.size() > 1)
    return Fail(kBadTaskSpec, "jobs of several instances cannot run over Slurm in this Aloft");
  Placement placement = Place(options_.capacity, {}, spec.limits);
  if (placement.verdict == Placement::Verdict::kNever)
    return Fail(kResourceLimitExceeded, "The task can never run here: " + placement.reason + ".");
  if (!spec.environment.empty()) {
    auto environment = environments_.Find(spec.environment);
    if (!environment.ok())
      return Fail(kBadTaskSpec, "There is no environment " + spec.environment, Describe(environment.error()));
  }
  Task task;
  task.stored = {spec, clock_.Now()};
  std::string directory = Directory(spec.id);
  std::error_code error;
  fs::remove_all(directory, error);  // what an interrupted Start left
  ALOFT_TRY(os::MakeDirectories(directory, 0700));
  ALOFT_TRY(os::WriteFileDurably(directory + "/" + kSpecFile, EncodeSpec(spec, task.stored.accepted), 0600));
  {
    std::lock_guard tasks_lock(mutex_);
    tasks_[spec.id] = std::move(task);
  }
  WatchDirectory(spec.id);
  if (!MustWait(spec)) LaunchWaiting();
  return {};
}

Status ProcessBackend::Launch(const TaskId& id, const Limits& granted, const std::string& room_of) {
  std::string directory = Directory(id);
  auto launched = Copy(id);
  bool of_image = launched && !launched->stored.spec.image.empty();
  std::uint32_t user = 0;
  if (::geteuid() == 0) {
    std::set<std::uint32_t> taken;
    std::lock_guard lock(mutex_);
    for (const auto& [other, task] : tasks_)
      if (task.state == State::kRunning) taken.insert(task.user);
    for (user = of_image ? kFirstImageUser : kFirstUser; taken.contains(user);) user += of_image ? kImageUsers : 1;
  }
  ALOFT_TRY(IssueCredentials(id));
  struct Launch launch {
    .directory = directory, .socket_directory = SocketDirectory(id), .runtime_directory = options_.runtime_directory,
    .programs_directory = options_.programs_directory, .environments_directory = options_.environments_directory,
    .images_directory = options_.images_directory, .api_url = options_.api_url, .ca_file = options_.ca_file,
    .control_group = ControlGroup(id), .user = user, .limits = granted, .room_of = room_of
  };
  ALOFT_TRY(ReplaceFile(directory + "/" + kLaunchFile, EncodeLaunch(launch)));
  Update(id, [&](Task& task) {
    task.state = State::kRunning;
    task.granted = granted;
    task.user = user;
    task.launched = clock_.Now();
    task.was_launched = true;
    task.room_of = room_of;
  });
  if (options_.host) return options_.host->Begin(launched->stored.spec, directory, granted);
  return LaunchHere(id);
}

Status ProcessBackend::LaunchHere(const TaskId& id) {
  std::string directory = Directory(id);
  os::Fd lock(::open((directory + "/" + kLockFile).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  // The lock is taken here and inherited, so that there is no moment in which an agent lives without it.
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return SystemError("lock the task", errno);
  auto agent = os::StartDaemon({.path = options_.agent_path,
                                .arguments = {"--directory", directory, "--lock", std::to_string(lock.get())},
                                .variables = AgentVariables(),
                                .keep = {lock.get()}});
  if (!agent.ok()) return std::move(agent).error();
  return {};
}

Result<TaskStatus> ProcessBackend::Observe(const TaskId& id) {
  auto task = Copy(id);
  if (!task) return Fail(kNoSuchTask, "There is no task " + id.value());
  TaskStatus status = ReadJournal(id, task->stored.accepted).status;
  if (status.phase == Phase::kPending && (task->state == State::kWaiting || options_.host))
    status.message = task->why_waiting;
  status.log_complete = status.phase == Phase::kEnded;
  status.log_bytes = LogSpoolSize(Directory(id));
  status.socket_path = SocketDirectory(id) + "/worker.sock";
  status.room_of = task->room_of;
  return status;
}

Result<LogChunk> ProcessBackend::ReadLog(const TaskId& id, std::uint64_t offset, std::size_t max_bytes) {
  auto task = Copy(id);
  if (!task) return Fail(kNoSuchTask, "There is no task " + id.value());
  if (offset >= task->acknowledged + kAcknowledgeStep) {
    ALOFT_TRY(AcknowledgeLogSpool(Directory(id), offset));
    Update(id, [&](Task& changed) { changed.acknowledged = std::max(changed.acknowledged, offset); });
  }
  return ReadLogSpool(Directory(id), offset, max_bytes);
}

Result<UsageChunk> ProcessBackend::ReadUsage(const TaskId& id, std::uint64_t offset) {
  if (!Copy(id)) return Fail(kNoSuchTask, "There is no task " + id.value());
  return compute::ReadUsage(Directory(id), offset);
}

Result<std::vector<TaskId>> ProcessBackend::List() {
  std::vector<TaskId> ids;
  std::lock_guard lock(mutex_);
  for (const auto& [id, task] : tasks_) ids.push_back(id);
  return ids;
}

JournalState ProcessBackend::ReadJournal(const TaskId& id, Time accepted) const {
  auto text = os::ReadFile(Directory(id) + "/" + kJournalFile);
  return FoldJournal(text.ok() ? *text : std::string(), accepted);
}

bool ProcessBackend::LockIsHeld(const TaskId& id) const {
  os::Fd file(::open((Directory(id) + "/" + kLockFile).c_str(), O_RDONLY | O_CLOEXEC));
  // Shared, so that two who ask do not mistake each other for an agent.
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0;
}

std::optional<ProcessBackend::Task> ProcessBackend::Copy(const TaskId& id) const {
  std::lock_guard lock(mutex_);
  auto found = tasks_.find(id);
  if (found == tasks_.end()) return std::nullopt;
  return found->second;
}

void ProcessBackend::Changed(const TaskId& id) const {
  if (options_.on_change) options_.on_change(id);
}

}  // namespace internal

Result<std::unique_ptr<Backend>> OpenProcessBackend(ProcessBackendOptions options, const Clock& clock, Log log) {
  auto backend = std::make_unique<internal::ProcessBackend>(std::move(options), clock, std::move(log));
  ALOFT_TRY(backend->Open());
  return std::unique_ptr<Backend>(std::move(backend));
}

}  // namespace aloft::compute
