// How the process backend notices what agents do: inotify on the tasks' directories, and now and then a look around.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <set>

#include "platform/compute/process_backend_impl.h"

namespace aloft::compute::internal {
namespace {

constexpr std::chrono::seconds kTick(10);

}  // namespace

ProcessBackend::~ProcessBackend() {
  if (stop_) ::eventfd_write(stop_.get(), 1);
  if (watcher_.joinable()) watcher_.join();
}

Status ProcessBackend::StartWatching() {
  changes_ = os::Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  stop_ = os::Fd(::eventfd(0, EFD_CLOEXEC));
  if (!changes_ || !stop_) return SystemError("inotify", errno);
  return {};
}

void ProcessBackend::WatchDirectory(const TaskId& id) {
  int watch = ::inotify_add_watch(changes_.get(), Directory(id).c_str(), IN_MODIFY | IN_CLOSE_WRITE | IN_ONLYDIR);
  if (watch < 0) {
    log_.Warn("a task's directory cannot be watched; it is looked at every ten seconds",
              {{"task", id.value()}, {"error", Describe(SystemError("inotify_add_watch", errno))}});
    return;
  }
  std::lock_guard lock(mutex_);
  watches_[watch] = id;
  if (auto found = tasks_.find(id); found != tasks_.end()) found->second.watch = watch;
}

void ProcessBackend::WatchLoop() {
  const std::chrono::milliseconds tick = options_.host ? options_.host_look : kTick;
  auto next_tick = std::chrono::steady_clock::now() + tick;
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(next_tick - std::chrono::steady_clock::now()).count();
    pollfd waits[2] = {{changes_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    ::poll(waits, 2, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (waits[1].revents != 0) return;
    if (std::chrono::steady_clock::now() >= next_tick) {
      OnTick();
      next_tick = std::chrono::steady_clock::now() + tick;
    }
    std::set<TaskId> changed, spoke;
    alignas(inotify_event) char buffer[64 * 1024];
    ssize_t size = ::read(changes_.get(), buffer, sizeof buffer);
    for (char* at = buffer; size > 0 && at < buffer + size;) {
      auto* event = reinterpret_cast<inotify_event*>(at);
      at += sizeof(inotify_event) + event->len;
      std::string_view name = event->len > 0 ? event->name : "";
      std::lock_guard lock(mutex_);
      auto found = watches_.find(event->wd);
      if (found == watches_.end()) continue;
      if (name == kLogFile && (event->mask & IN_MODIFY) != 0) changed.insert(found->second);
      // The lock file closes when the agent is gone, however it went.
      if ((name == kJournalFile && (event->mask & IN_MODIFY) != 0) ||
          (name == kLockFile && (event->mask & IN_CLOSE_WRITE) != 0))
        spoke.insert(found->second);
    }
    for (const TaskId& id : spoke) {
      std::lock_guard lock(operations_);
      if (Refresh(id)) LaunchWaiting();
    }
    changed.merge(spoke);
    for (const TaskId& id : changed) Changed(id);
  }
}

void ProcessBackend::OnTick() {
  if (options_.host) {
    std::lock_guard lock(operations_);
    LaunchWaiting();  // what the host could not take
  }
  std::vector<TaskId> running;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, task] : tasks_)
      if (task.state == State::kRunning) running.push_back(id);
  }
  for (const TaskId& id : running) {
    std::lock_guard lock(operations_);
    if (Refresh(id)) {
      LaunchWaiting();
      Changed(id);
      continue;
    }
    if (options_.host) Changed(id);
  }
}

}  // namespace aloft::compute::internal
