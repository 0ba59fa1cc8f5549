// Keeps at it until it is so: calls a step for each key that is due, and again when the step says so, or when woken.
//
//   work::Loop loop({.name = "training"}, [&](const std::string& job) { return service.Step(job); }, clock, random,
//   log); loop.Start(); loop.Wake("my-job");              // something changed: look soon
//
// A step looks at the world, does the next thing and returns when it wants to be called again; a step that fails is
// called again after a jittered, doubling delay. One key is never stepped by two threads at once; a wake-up during its
// step is not lost. Nothing here is durable: whoever owns the records wakes every live key at start.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "platform/work/backoff.h"

namespace aloft::work {

// When a step wants to be called again. Absent: when woken.
struct Again {
  std::optional<std::chrono::microseconds> after{};
};

struct LoopOptions {
  std::string name;
  int threads = 1;
  Backoff backoff{};
};

class Loop {
 public:
  // May block for the disk. Never called before Start or RunDue.
  using Step = std::function<Result<Again>(const std::string& key)>;

  Loop(LoopOptions options, Step step, const Clock& clock, Random& random, Log log);
  ~Loop();  // stops

  // Thread-safe; may be called from a step.
  void Wake(const std::string& key);
  void WakeAt(const std::string& key, MonotonicTime due);  // or earlier, where it is due earlier anyway

  void Start();
  // Waits for running steps. What is due stays due, for nobody: the next process wakes its keys itself.
  void Stop();

  // For tests, instead of Start: steps what is due, on this thread, at most `most` steps; returns how many.
  std::size_t RunDue(std::size_t most = 1000);
  // When the next key is due; absent where none waits for a time.
  std::optional<MonotonicTime> NextDue() const;

 private:
  struct Item {
    std::optional<MonotonicTime> due;
    bool running = false;
    int failures = 0;
  };
  void Schedule(const std::string& key, Item& item, MonotonicTime due);  // with mutex_ held
  std::optional<std::string> Take();                                     // with mutex_ held
  void RunStep(const std::string& key);                                  // without
  void Work();

  const LoopOptions options_;
  const Step step_;
  const Clock& clock_;
  Random& random_;
  const Log log_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string, Item> items_;
  std::set<std::pair<MonotonicTime, std::string>> due_;
  std::vector<std::thread> threads_;
};

}  // namespace aloft::work
