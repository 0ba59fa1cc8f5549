#include "foundation/os/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace aloft::os {
namespace {

constexpr std::chrono::milliseconds kPatience{1};
// How many looks at an empty queue end the watch; until then beginning it anew would cost more than going on.
constexpr int kQuietLooks = 20;

thread_local ThreadPool* t_pool = nullptr;

void NameThread(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

ThreadPool::ThreadPool(std::string name, int threads, std::size_t max_queued)
    : max_queued_(max_queued), eager_(std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {
  threads_.reserve(static_cast<std::size_t>(threads) + 1);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, name] { Work(name); });
  if (threads > eager_) threads_.emplace_back([this, name] { Watch(name); });
}

ThreadPool::~ThreadPool() {
  Stop();
}

bool ThreadPool::Submit(std::function<void()> task, std::size_t most) {
  bool wakes = false, watches = false;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || tasks_.size() >= most) return false;
    tasks_.push_back(std::move(task));
    wakes = WakesSomebody();
    watches = !wakes && !watching_ && sleeping_ > 0;
    if (watches) watching_ = true;
  }
  if (wakes) ready_.notify_one();
  if (watches) watched_.notify_one();
  return true;
}

void ThreadPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  watched_.notify_all();
  const std::lock_guard lock(stop_mutex_);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t ThreadPool::queued() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void ThreadPool::Work(const std::string& name) {
  NameThread(name);
  t_pool = this;
  std::unique_lock lock(mutex_);
  ++working_;
  for (;;) {
    if (tasks_.empty()) {
      if (stopping_) return;
      --working_;
      ++sleeping_;
      ready_.wait(lock);
      --sleeping_;
      ++working_;
      continue;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    ++taken_;
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

void ThreadPool::Watch(const std::string& name) {
  NameThread(name);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    watched_.wait(lock, [this] { return watching_ || stopping_; });
    for (int quiet = 0; quiet < kQuietLooks && !stopping_;) {
      const std::uint64_t submitted = taken_ + tasks_.size();
      watched_.wait_for(lock, kPatience, [this] { return stopping_; });
      quiet = tasks_.empty() ? quiet + 1 : 0;
      if (taken_ < submitted && sleeping_ > 0) ready_.notify_one();
    }
    watching_ = false;
  }
}

void ThreadPool::Block() {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    --working_;
    wakes = !tasks_.empty() && WakesSomebody();
  }
  if (wakes) ready_.notify_one();
}

void ThreadPool::Unblock() {
  const std::lock_guard lock(mutex_);
  ++working_;
}

Blocking::Blocking() : pool_(t_pool) {
  if (pool_ != nullptr) pool_->Block();
}

Blocking::~Blocking() {
  if (pool_ != nullptr) pool_->Unblock();
}

}  // namespace aloft::os
