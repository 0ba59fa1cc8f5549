#include "foundation/feed/feed.h"

#include <algorithm>

namespace aloft::feed {
namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
// A cursor that only passes what others announced is saved this seldom: on PostgreSQL each save moves it again.
constexpr std::chrono::minutes kIdleSave{10};
constexpr std::uint64_t kNeverWoken = UINT64_MAX;

}  // namespace

Feed::Feed(sql::Outbox& outbox, Options options, const Clock& clock, Log log)
    : outbox_(outbox), options_(options), clock_(clock), log_(std::move(log)) {}

Feed::~Feed() {
  Stop();
}

void Feed::Subscribe(Subscription subscription) {
  std::lock_guard lock(mutex_);
  ALOFT_CHECK(!running_);
  workers_.push_back(std::make_unique<Worker>(std::make_unique<Subscriber>(outbox_, std::move(subscription), log_)));
}

void Feed::Start() {
  {
    std::lock_guard lock(mutex_);
    ALOFT_CHECK(!running_);
    running_ = true;
    for (auto& worker : workers_) worker->caught_up = clock_.Monotonic();
  }
  outbox_.SetWaker([this] {
    std::lock_guard lock(mutex_);
    ++wakes_;
    changed_.notify_all();
  });
  for (auto& worker : workers_) worker->thread = std::thread([this, &worker] { Run(*worker); });
  trimmer_ = std::thread([this] { RunTrim(); });
}

void Feed::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (!running_) return;
    running_ = false;
  }
  outbox_.SetWaker({});
  changed_.notify_all();
  for (auto& worker : workers_) worker->thread.join();
  trimmer_.join();
}

std::chrono::milliseconds Feed::Staleness() const {
  MonotonicTime now = clock_.Monotonic();
  std::lock_guard lock(mutex_);
  std::chrono::milliseconds most{0};
  for (const auto& worker : workers_)
    most = std::max(most, std::chrono::duration_cast<std::chrono::milliseconds>(now - worker->caught_up));
  return most;
}

void Feed::Run(Worker& worker) {
  Subscriber& subscriber = *worker.subscriber;
  std::chrono::milliseconds pause = kFirstPause;
  auto saved_at = std::chrono::steady_clock::now();
  while (true) {
    std::uint64_t seen;
    {
      std::lock_guard lock(mutex_);
      if (!running_) break;
      seen = wakes_;
    }
    auto more = subscriber.Step();
    if (!more.ok()) {
      log_.Warn("feed: a subscriber failed", {{"subscriber", subscriber.name()}, {"cause", Describe(more.error())}});
      if (!Sleep(pause, kNeverWoken)) break;
      pause = std::min(2 * pause, options_.longest_pause);
      continue;
    }
    pause = kFirstPause;
    auto since = std::chrono::steady_clock::now() - saved_at;
    if (since >= kIdleSave || (subscriber.delivered() && since >= options_.save_every)) {
      if (Status saved = subscriber.Save(); !saved.ok())
        log_.Warn("feed: a cursor was not saved",
                  {{"subscriber", subscriber.name()}, {"cause", Describe(saved.error())}});
      saved_at = std::chrono::steady_clock::now();
    }
    if (*more) continue;
    {
      std::lock_guard lock(mutex_);
      worker.caught_up = clock_.Monotonic();
    }
    if (!Sleep(options_.poll, seen)) break;
  }
  static_cast<void>(subscriber.Save());
}

void Feed::RunTrim() {
  while (Sleep(options_.trim_every, kNeverWoken)) {
    while (true) {
      auto trimmed = outbox_.Trim({clock_.Now() - options_.keep_for, options_.keep_bytes});
      if (!trimmed.ok()) log_.Warn("feed: the outbox was not trimmed", {{"cause", Describe(trimmed.error())}});
      if (!trimmed.ok() || *trimmed == 0) break;
    }
  }
}

bool Feed::Sleep(std::chrono::milliseconds most, std::uint64_t seen_wakes) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [&] { return !running_ || (seen_wakes != kNeverWoken && wakes_ != seen_wakes); });
  return running_;
}

}  // namespace aloft::feed
