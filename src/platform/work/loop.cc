#include "platform/work/loop.h"

namespace aloft::work {

Loop::Loop(LoopOptions options, Step step, const Clock& clock, Random& random, Log log)
    : options_(std::move(options)), step_(std::move(step)), clock_(clock), random_(random), log_(std::move(log)) {}

Loop::~Loop() {
  Stop();
}

void Loop::Wake(const std::string& key) {
  WakeAt(key, clock_.Monotonic());
}

void Loop::WakeAt(const std::string& key, MonotonicTime due) {
  std::lock_guard lock(mutex_);
  Schedule(key, items_[key], due);
  changed_.notify_one();
}

void Loop::Schedule(const std::string& key, Item& item, MonotonicTime due) {
  if (item.due && *item.due <= due) return;
  if (item.due) due_.erase({*item.due, key});
  item.due = due;
  // A running key comes back into due_ when its step is over.
  if (!item.running) due_.insert({due, key});
}

std::optional<std::string> Loop::Take() {
  if (due_.empty() || due_.begin()->first > clock_.Monotonic()) return std::nullopt;
  std::string key = due_.begin()->second;
  due_.erase(due_.begin());
  Item& item = items_[key];
  item.due.reset();
  item.running = true;
  return key;
}

void Loop::RunStep(const std::string& key) {
  Result<Again> again = step_(key);
  if (!again.ok()) {
    log_.Warn("a step failed and will be repeated",
              {{"loop", options_.name}, {"key", key}, {"error", Describe(again.error())}});
  }
  std::lock_guard lock(mutex_);
  Item& item = items_[key];
  item.running = false;
  item.failures = again.ok() ? 0 : item.failures + 1;
  std::optional<std::chrono::microseconds> after =
      again.ok() ? again->after : std::optional(Delay(options_.backoff, item.failures, random_));
  std::optional<MonotonicTime> woken = item.due;
  item.due.reset();
  if (woken) Schedule(key, item, *woken);
  if (after) Schedule(key, item, clock_.Monotonic() + *after);
  if (!item.due) items_.erase(key);
  changed_.notify_one();
}

void Loop::Work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (std::optional<std::string> key = Take()) {
      lock.unlock();
      RunStep(*key);
      lock.lock();
    } else if (due_.empty()) {
      changed_.wait(lock);
    } else {
      MonotonicTime due = due_.begin()->first;
      changed_.wait_until(lock, due);
    }
  }
}

void Loop::Start() {
  std::lock_guard lock(mutex_);
  stopping_ = false;
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

void Loop::Stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    changed_.notify_all();
  }
  for (std::thread& thread : threads) thread.join();
}

std::size_t Loop::RunDue(std::size_t most) {
  for (std::size_t steps = 0;; ++steps) {
    std::optional<std::string> key;
    if (steps < most) {
      std::lock_guard lock(mutex_);
      key = Take();
    }
    if (!key) return steps;
    RunStep(*key);
  }
}

std::optional<MonotonicTime> Loop::NextDue() const {
  std::lock_guard lock(mutex_);
  return due_.empty() ? std::nullopt : std::optional(due_.begin()->first);
}

}  // namespace aloft::work
