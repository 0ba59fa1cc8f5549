// Drives the subscribers of one store, each on a thread of its own, and forgets old announcements.
//
//   Feed feed(database.outbox(), {}, clock, log);
//   feed.Subscribe({.name = "serving.loop", .topic_prefix = "serving.", .handle = ..., .resync = ...});
//   feed.Start();
//
// A subscriber runs as soon as a commit of this process announces something, and at least every `poll` for the commits
// of other processes. One that fails is run again after a growing pause; it holds up nobody else.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/feed/subscriber.h"

namespace aloft::feed {

struct Options {
  std::chrono::milliseconds poll{200};         // 1 s and more will do where no other process writes
  std::chrono::milliseconds save_every{2000};  // cursors; a crash brings this much again
  std::chrono::milliseconds longest_pause{10'000};
  std::chrono::milliseconds trim_every{10'000};
  std::chrono::hours keep_for{24};
  std::uint64_t keep_bytes = 256u << 20;
};

class Feed {
 public:
  // The outbox, the clock and what the subscriptions refer to outlive the feed.
  Feed(sql::Outbox& outbox, Options options, const Clock& clock, Log log);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Before Start.
  void Subscribe(Subscription subscription);
  void Start();
  // Waits for the handlers that run, saves the cursors, joins. Idempotent.
  void Stop();

  // How long ago the slowest subscriber last saw the end of the outbox; zero without subscribers. A replica that cannot
  // tell what is true now should not answer.
  std::chrono::milliseconds Staleness() const;

 private:
  struct Worker {
    explicit Worker(std::unique_ptr<Subscriber> each) : subscriber(std::move(each)) {}
    std::unique_ptr<Subscriber> subscriber;
    MonotonicTime caught_up{};
    std::thread thread;
  };

  void Run(Worker& worker);
  void RunTrim();
  // False where the feed stops.
  bool Sleep(std::chrono::milliseconds most, std::uint64_t seen_wakes);

  sql::Outbox& outbox_;
  const Options options_;
  const Clock& clock_;
  Log log_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::thread trimmer_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t wakes_ = 0;
  bool running_ = false;
};

}  // namespace aloft::feed
