// A fixed number of threads and a bounded queue: work that blocks (disk, database) runs here, never on a socket's
// thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aloft::os {

// Thread-safe. A task must not throw, and must not wait for another task of the same pool.
//
// Waking a thread costs as much as a short task. So while as many threads work as there are cores, a new task wakes
// nobody: who finishes takes it. Only where tasks block does that not come true; the watcher sees then that nothing was
// taken for a millisecond, and wakes one thread more, as often as it takes.
class ThreadPool {
 public:
  // `name` is shown by ps and top (15 characters at most).
  ThreadPool(std::string name, int threads, std::size_t max_queued);
  ~ThreadPool();  // Stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // False where the queue is full or the pool stops: the task will not run, and the caller says so to its client.
  [[nodiscard]] bool TrySubmit(std::function<void()> task) { return Submit(std::move(task), max_queued_); }
  // The next piece of something that was accepted before: taken also where the queue is full, because a refusal would
  // waste what is done already. One at a time for each thing accepted, so the queue stays bounded. False where the pool
  // stops.
  [[nodiscard]] bool TryContinue(std::function<void()> task) { return Submit(std::move(task), SIZE_MAX); }

  // Refuses new tasks, runs those already queued, joins. Idempotent. Not from a thread of the pool.
  void Stop();

  std::size_t queued() const;

 private:
  friend class Blocking;
  bool Submit(std::function<void()> task, std::size_t most);
  void Work(const std::string& name);
  void Watch(const std::string& name);
  // Both under the lock.
  bool WakesSomebody() const { return working_ < eager_ && sleeping_ > 0; }
  void Block();
  void Unblock();

  const std::size_t max_queued_;
  const int eager_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable watched_;
  std::deque<std::function<void()>> tasks_;
  int sleeping_ = 0;
  int working_ = 0;  // and not blocked, as far as they say
  std::uint64_t taken_ = 0;
  bool watching_ = false;
  bool stopping_ = false;
  std::mutex stop_mutex_;
  std::vector<std::thread> threads_;
};

// While it lives, this thread waits for a disk, and its pool, if it is a pool's, may wake another in its place. An
// optimization only: a task that blocks without saying so costs others a millisecond.
class Blocking {
 public:
  Blocking();
  ~Blocking();
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;

 private:
  ThreadPool* const pool_;
};

}  // namespace aloft::os
