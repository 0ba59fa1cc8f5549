// A fixed number of threads and a bounded queue: work that blocks (disk, database) runs here, never on a socket's
// thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aloft::os {

// Thread-safe. A task must not throw, and must not wait for another task of the same pool.
class ThreadPool {
 public:
  // `name` is shown by ps and top (15 characters at most).
  ThreadPool(std::string name, int threads, std::size_t max_queued);
  ~ThreadPool();  // Stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False where the queue is full or the pool stops: the task will not run, and the caller says so to its client.
  [[nodiscard]] bool TrySubmit(std::function<void()> task);

  // Refuses new tasks, runs those already queued, joins. Idempotent. Not from a thread of the pool.
  void Stop();

  std::size_t queued() const;

 private:
  void Work(const std::string& name);

  const std::size_t max_queued_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::mutex stop_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace aloft::os
