// The process backend's inside: which tasks there are, who may start, what their agents have said.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "foundation/base/random.h"
#include "foundation/os/cgroup.h"
#include "foundation/os/fd.h"
#include "platform/compute/environment.h"
#include "platform/compute/journal.h"
#include "platform/compute/process_backend.h"
#include "platform/compute/task_files.h"

namespace aloft::compute::internal {

class ProcessBackend final : public Backend {
 public:
  ProcessBackend(ProcessBackendOptions options, const Clock& clock, Log log);
  ~ProcessBackend() override;
  Status Open();

  Status Start(const TaskSpec& spec) override;
  Result<TaskStatus> Observe(const TaskId& id) override;
  Status Stop(const TaskId& id, StopMode mode) override;
  Status Remove(const TaskId& id) override;
  Result<LogChunk> ReadLog(const TaskId& id, std::uint64_t offset, std::size_t max_bytes) override;
  Result<UsageChunk> ReadUsage(const TaskId& id, std::uint64_t offset) override;
  Result<std::vector<TaskId>> List() override;

 private:
  enum class State { kWaiting, kRunning, kEnded };
  struct Task {
    StoredSpec stored;
    State state = State::kWaiting;
    std::string why_waiting;
    Limits granted;
    std::uint32_t user = 0;
    Time launched{}, ended{};
    bool was_launched = false;               // by us or by an earlier server
    std::string room_of;                     // whose kept room it was started in
    bool room_given = false;                 // its kept room is another's
    bool healthy = false;                    // it has ended, and not because its machine failed it
    bool leaving = false;                    // it has been told to stop, or somebody was asked to tell it
    std::optional<Credentials> credentials;  // issued, and not yet sealed to the agent's key
    Time renew_credentials{};                // when two thirds of their life have passed
    std::string sealed_to;                   // the key of the agent that has them
    std::uint64_t acknowledged = 0;
    int watch = -1;
  };

  // These hold operations_ already.
  void Adopt(const std::string& name);
  void LaunchWaiting();
  // After its end, what it holds until it is removed or another of its pool is started there.
  bool KeepsRoom(const Task& task) const {
    return task.state == State::kEnded && task.was_launched && task.healthy && !task.room_given &&
           task.stored.spec.keep_room.count() > 0;
  }
  static void SetEnded(Task& task, Outcome outcome, Time at) {
    task.state = State::kEnded;
    task.ended = at;
    task.healthy = outcome != Outcome::kLost && outcome != Outcome::kCannotRun;
  }
  // The room that `group` keeps is another's from now on.
  void GiveRoom(const std::string& group);
  // Whether nothing can come of a decision only because this one came, too; says then why it waits.
  bool MustWait(const TaskSpec& spec);
  std::vector<Candidate> Candidates() const;
  std::vector<Holder> Holders() const;
  Status Launch(const TaskId& id, const Limits& granted, const std::string& room_of);
  Status LaunchHere(const TaskId& id);
  // Of a task whose lock nobody holds: false where its host knows more of it.
  bool IsLost(const TaskId& id, std::string& why);
  Status IssueCredentials(const TaskId& id);
  // Sees to it that a living agent has credentials that are still good for a while.
  void KeepCredentials(const TaskId& id, const JournalState& journal);
  Status WriteCredentials(const TaskId& id, const JournalState& journal);
  Result<Grant> GrantTo(const Task& task, const JournalState& journal) const;
  Status EndWithoutAgent(const TaskId& id, Outcome outcome, const std::string& failure);
  // What the directory says now; buries a task whose agent died. True where the task has just ended.
  bool Refresh(const TaskId& id);
  Status KillAgent(const TaskId& id);
  void EndSandbox(const JournalState& journal) const;

  // process_backend_watch.cc
  Status StartWatching();
  void WatchDirectory(const TaskId& id);
  void WatchLoop();
  void OnTick();

  std::string Directory(const TaskId& id) const { return options_.tasks_directory + "/" + id.value(); }
  std::string SocketDirectory(const TaskId& id) const;
  std::string ControlGroup(const TaskId& id) const;
  JournalState ReadJournal(const TaskId& id, Time accepted) const;
  bool LockIsHeld(const TaskId& id) const;
  std::optional<Task> Copy(const TaskId& id) const;
  template <class Change>
  void Update(const TaskId& id, Change change) {
    std::lock_guard lock(mutex_);
    if (auto found = tasks_.find(id); found != tasks_.end()) change(found->second);
  }
  void Changed(const TaskId& id) const;

  ProcessBackendOptions options_;
  const Clock& clock_;
  Log log_;
  SystemRandom random_;  // of sealing to agents' keys: nothing else would do
  Environments environments_;
  std::unique_ptr<os::Cgroups> cgroups_;

  // One start, stop, removal or burial at a time: they read and write directories, so this one is held across I/O.
  // Nothing else waits for it: observing and reading logs take only mutex_, for moments.
  std::mutex operations_;
  mutable std::mutex mutex_;
  std::map<TaskId, Task> tasks_;
  std::map<int, TaskId> watches_;

  os::Fd changes_;  // inotify
  os::Fd stop_;     // eventfd
  std::thread watcher_;
};

}  // namespace aloft::compute::internal
