// What tests of tasks share: a backend in a temporary directory, and waiting for its own notifications.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "platform/compute/journal.h"
#include "platform/compute/process_backend.h"
#include "platform/compute/task_files.h"

namespace aloft::compute {

// A process backend whose objects are files below `directory()`/buckets.
class TaskHarness {
 public:
  TaskHarness() {
    char path[] = "/tmp/aloft-tasks-XXXXXX";
    directory_ = ::mkdtemp(path);
    std::filesystem::create_directories(directory_ + "/buckets/data");
    options_.tasks_directory = directory_ + "/tasks";
    options_.socket_directory = directory_ + "/run";
    options_.agent_path = ALOFT_TASK_PATH;
    options_.runtime_directory = ALOFT_RUNTIME_DIRECTORY;
    const char* shared = ::getenv("ALOFT_ENVIRONMENTS_DIR");
    options_.environments_directory = shared ? shared : directory_ + "/environments";
    options_.api_url = "file://" + directory_ + "/buckets";
    options_.capacity = {.vcpus = 4, .memory_bytes = 4ull << 30, .disk_bytes = 64ull << 30};
    options_.on_change = [this](const TaskId&) {
      std::lock_guard lock(mutex_);
      ++changes_;
      changed_.notify_all();
    };
  }
  virtual ~TaskHarness() {
    if (backend_) {
      auto ids = backend_->List();
      for (const TaskId& id : *ids) {
        auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        Status removed = backend_->Remove(id);
        // A wish that came at a bad moment is repeated, as services do.
        while (!removed.ok() && removed.error().kind() == ErrorKind::kUnavailable &&
               std::chrono::steady_clock::now() < until) {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
          removed = backend_->Remove(id);
        }
        EXPECT_TRUE(removed.ok()) << Describe(removed.error());
      }
    }
    backend_.reset();
    std::error_code error;
    std::filesystem::remove_all(directory_, error);
    EXPECT_FALSE(error) << directory_ << ": " << error.message();
  }

  // Why this backend cannot be tried here; empty where it can.
  virtual std::string gap() const { return {}; }

  ProcessBackendOptions& options() { return options_; }
  const std::string& directory() const { return directory_; }
  const SystemClock& clock() const { return clock_; }

  virtual Result<std::unique_ptr<Backend>> Open() {
    return OpenProcessBackend(options_, clock_, aloft::Log::Discard());
  }
  Backend& backend() {
    if (!backend_) {
      auto opened = Open();
      if (!opened.ok()) ADD_FAILURE() << Describe(opened.error());
      backend_ = std::move(*opened);
    }
    return *backend_;
  }
  // As a server that is stopped: tasks go on.
  void Close() { backend_.reset(); }

  virtual TaskSpec Shell(const std::string& name, const std::string& script) const {
    TaskSpec spec;
    spec.id = TaskId(name);
    spec.command = {"/bin/bash", "-c", script};
    spec.limits = {.vcpus = 1, .memory_bytes = 256u << 20, .max_processes = 64, .disk_bytes = 64u << 20};
    return spec;
  }

  // Waits for notifications until the status pleases; fails after a minute.
  TaskStatus WaitFor(const TaskId& id, const std::function<bool(const TaskStatus&)>& pleases) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    for (;;) {
      std::uint64_t seen = 0;
      {
        std::lock_guard lock(mutex_);
        seen = changes_;
      }
      auto status = backend().Observe(id);
      if (!status.ok()) {
        ADD_FAILURE() << Describe(status.error());
        return {};
      }
      if (pleases(*status)) return *status;
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, until, [&] { return changes_ != seen; })) {
        ADD_FAILURE() << "task " << id.value() << " stays in " << ToString(status->phase) << ": " << status->message
                      << "\n"
                      << Log(id);
        return *status;
      }
    }
  }
  TaskStatus WaitForEnd(const TaskId& id) {
    return WaitFor(id, [](const TaskStatus& status) { return status.phase == Phase::kEnded; });
  }
  void WaitForLog(const TaskId& id, const std::string& text) {
    WaitFor(id, [&](const TaskStatus& status) {
      return Log(id).find(text) != std::string::npos || status.phase == Phase::kEnded;
    });
    EXPECT_NE(Log(id).find(text), std::string::npos) << Log(id);
  }

  // The process of the task's agent, as its journal tells.
  os::ProcessIdentity AgentOf(const TaskId& id) const {
    std::ifstream file(directory_ + "/tasks/" + id.value() + "/" + kJournalFile);
    std::string text((std::istreambuf_iterator<char>(file)), {});
    return FoldJournal(text, Time{}).agent;
  }

  // Everything that is spooled, a line each.
  std::string Log(const TaskId& id) {
    std::string text;
    for (std::uint64_t offset = 0;;) {
      auto chunk = backend().ReadLog(id, offset, 1 << 16);
      if (!chunk.ok() || chunk->next_offset == offset) return text;
      for (const LogLine& line : chunk->lines) text += line.text + "\n";
      offset = chunk->next_offset;
    }
  }

  void PutObject(const std::string& key, const std::string& content) const {
    std::filesystem::path path = directory_ + "/buckets/data/" + key;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::string ObjectPath(const std::string& key) const { return directory_ + "/buckets/data/" + key; }

 private:
  std::string directory_;
  SystemClock clock_;
  ProcessBackendOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  std::unique_ptr<Backend> backend_;
};

}  // namespace aloft::compute
