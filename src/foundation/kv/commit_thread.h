// A thread that commits what others give it, in groups: they do not wait, each job tells its outcome. Private to the
// room.
//
//   CommitThread<Job> thread([this](std::span<const std::unique_ptr<Job>> group) { ... commits them all ... });
//   if (!thread.Give(job)) ...                  // what comes while a group is on the disk forms the next one
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace aloft::kv {

// `Job` has a `weight`. Give is thread-safe. The thread starts with the first job.
template <class Job>
class CommitThread {
 public:
  using Commit = std::function<void(std::span<const std::unique_ptr<Job>> group)>;
  struct Limits {
    std::size_t max_waiting = 10'000;
    std::size_t max_group = 512;
    std::size_t max_weight = 8u << 20;  // the sum of weights after which a group is closed
  };

  // `commit` runs on the thread, one group at a time.
  CommitThread(Commit commit, Limits limits) : commit_(std::move(commit)), limits_(limits) {}
  ~CommitThread() { Stop(); }
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  // False, and the job stays the caller's, where too many wait.
  bool Give(std::unique_ptr<Job>& job) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || waiting_.size() >= limits_.max_waiting) return false;
      waiting_.push_back(std::move(job));
      if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
      if (!sleeping_) return true;
      sleeping_ = false;
    }
    given_.notify_one();
    return true;
  }

  // Commits what was given, and ends. Idempotent; not while others give.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    given_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Work() {
    ::pthread_setname_np(::pthread_self(), "kv-commit");
    std::unique_lock lock(mutex_);
    while (true) {
      while (waiting_.empty() && !stopping_) {
        sleeping_ = true;
        given_.wait(lock);
      }
      sleeping_ = false;
      if (waiting_.empty()) return;
      std::vector<std::unique_ptr<Job>> group;
      std::size_t weight = 0;
      while (!waiting_.empty() && group.size() < limits_.max_group && weight < limits_.max_weight) {
        weight += waiting_.front()->weight;
        group.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      lock.unlock();
      commit_(group);
      group.clear();
      lock.lock();
    }
  }

  const Commit commit_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<std::unique_ptr<Job>> waiting_;
  bool sleeping_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace aloft::kv
