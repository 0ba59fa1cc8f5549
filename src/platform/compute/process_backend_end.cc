// How tasks of the process backend end other than by themselves: lost with their agent, stopped, removed.
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "foundation/os/file.h"
#include "foundation/os/process.h"
#include "platform/compute/errors.h"
#include "platform/compute/process_backend_impl.h"

namespace aloft::compute::internal {
namespace {

namespace fs = std::filesystem;

}  // namespace

Status ProcessBackend::EndWithoutAgent(const TaskId& id, Outcome outcome, const std::string& failure) {
  ALOFT_ASSIGN(Journal journal, Journal::Open(Directory(id), clock_));
  ALOFT_TRY(journal.Ended(outcome, failure, false));
  Update(id, [&](Task& task) { SetEnded(task, outcome, clock_.Now()); });
  Changed(id);
  return {};
}

bool ProcessBackend::Refresh(const TaskId& id) {
  auto task = Copy(id);
  if (!task || task->state != State::kRunning) return false;
  // First the lock, then the journal: an agent writes its last line before it lets go.
  bool held = LockIsHeld(id);
  JournalState journal = ReadJournal(id, task->stored.accepted);
  if (journal.status.phase == Phase::kEnded) {
    Update(id, [&](Task& ended) { SetEnded(ended, journal.status.outcome, journal.status.transitions.back().at); });
    return true;
  }
  if (held) {
    KeepCredentials(id, journal);
    return false;
  }
  std::string host_says;
  if (options_.host && !IsLost(id, host_says)) return false;
  std::string why = journal.agent.pid != 0 && journal.agent.boot_id != os::BootId()
                        ? "the machine restarted while the task ran"
                        : "the task's agent died; it was killed, or the machine ran out of memory";
  if (!host_says.empty()) why = journal.agent.pid == 0 ? "its agent never began" : "the task's agent died";
  if (!host_says.empty()) why += " (" + host_says + ")";
  log_.Warn("a task's agent is gone", {{"task", id.value()}, {"why", why}});
  EndSandbox(journal);
  static_cast<void>(cgroups_->Remove(ControlGroup(id)));
  std::error_code error;
  for (const char* name : {"ml", "tmp", "root", "layer", "packages", kCredentialsFile})
    fs::remove_all(Directory(id) + "/" + name, error);
  fs::remove_all(SocketDirectory(id), error);
  if (const Gang& gang = task->stored.spec.gang; !gang.members.empty())
    RemoveLink(LinkDirectory(options_.socket_directory, gang), gang.index);
  if (auto ended = EndWithoutAgent(id, Outcome::kLost, why); !ended.ok()) {
    log_.Error("a lost task cannot be ended", {{"task", id.value()}, {"error", Describe(ended.error())}});
    return false;  // tried again at the next tick
  }
  return true;
}

bool ProcessBackend::IsLost(const TaskId& id, std::string& why) {
  AgentHost::Seen seen = options_.host->Look(id);
  Update(id, [&](Task& task) { task.why_waiting = seen.why; });
  why = seen.why;
  if (seen.state != AgentHost::State::kGone) return false;
  // It may have begun and ended between the two looks.
  return !LockIsHeld(id) && ReadJournal(id, Time{}).status.phase != Phase::kEnded;
}

Status ProcessBackend::Stop(const TaskId& id, StopMode mode) {
  std::lock_guard lock(operations_);
  auto task = Copy(id);
  if (!task) return Fail(kNoSuchTask, "There is no task " + id.value());
  if (task->state == State::kEnded) return {};
  if (task->state == State::kWaiting) return EndWithoutAgent(id, Outcome::kStopped, "stopped before the code ran");
  Update(id, [](Task& stopped) { stopped.leaving = true; });
  ALOFT_TRY(ReplaceFile(Directory(id) + "/" + kStopFile, EncodeStop(mode)));
  // One that is still in the host's queue could wait there for long before it sees the wish. One that begins just now
  // is killed, and this is its end all the same: the first last word counts.
  if (!options_.host || LockIsHeld(id) || options_.host->Look(id).state != AgentHost::State::kWaits) return {};
  ALOFT_TRY(options_.host->End(id));
  return EndWithoutAgent(id, Outcome::kStopped, "stopped before the code ran");
}

void ProcessBackend::EndSandbox(const JournalState& journal) const {
  // It ends with its agent, but a moment later; what it may still write must not meet what is being removed.
  auto sandbox = os::OpenProcess(journal.sandbox);
  if (!sandbox) return;
  static_cast<void>(os::SignalProcess(*sandbox, SIGKILL));
  os::WaitForEnd(*sandbox, std::chrono::seconds(10));
}

Status ProcessBackend::KillAgent(const TaskId& id) {
  if (options_.host) ALOFT_TRY(options_.host->End(id));
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options_.host ? 60 : 10);
  while (LockIsHeld(id)) {
    if (std::chrono::steady_clock::now() > until)
      return Fail(kDeadlineExceeded, "the agent of task " + id.value() + " cannot be ended");
    // It may not have said yet who it is.
    auto agent = os::OpenProcess(ReadJournal(id, Time{}).agent);
    if (agent) {
      ALOFT_TRY(os::SignalProcess(*agent, SIGKILL));
      os::WaitForEnd(*agent, std::chrono::seconds(5));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EndSandbox(ReadJournal(id, Time{}));
  return {};
}

Status ProcessBackend::Remove(const TaskId& id) {
  std::string gone = options_.tasks_directory + "/.removed-" + id.value();
  std::error_code error;
  {
    std::lock_guard lock(operations_);
    auto task = Copy(id);
    if (!task) return {};
    if (task->state == State::kRunning) ALOFT_TRY(KillAgent(id));
    ALOFT_TRY(cgroups_->Remove(ControlGroup(id)));
    fs::remove_all(SocketDirectory(id), error);
    if (const Gang& gang = task->stored.spec.gang; !gang.members.empty())
      RemoveLink(LinkDirectory(options_.socket_directory, gang), gang.index);
    if (::rename(Directory(id).c_str(), gone.c_str()) != 0 && errno != ENOENT) return SystemError("rename", errno);
    ALOFT_TRY(os::SyncDirectory(options_.tasks_directory));
    {
      std::lock_guard tasks_lock(mutex_);
      watches_.erase(task->watch);
      tasks_.erase(id);
    }
    fs::remove_all(gone, error);
    LaunchWaiting();
  }
  return {};
}
}  // namespace aloft::compute::internal
