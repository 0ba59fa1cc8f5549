// Slows down guessing: after some failures each further attempt of the same name, or from the same address, must wait
// twice as long. Bounded memory, in this process only: a restart forgets.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::factors {

struct ThrottleOptions {
  int free_failures = 5;  // without any wait
  std::chrono::seconds first_wait{1};
  std::chrono::seconds longest_wait{900};
  std::chrono::seconds forget_after{3600};  // without a failure
  std::size_t most_entries = 20'000;        // the one that failed longest ago goes first
};

class Throttle {
 public:
  Throttle(ThrottleOptions options, const Clock& clock) : options_(options), clock_(clock) {}

  // kTooManyAttempts while `who` must wait.
  Status Check(const std::string& who);
  void Failed(const std::string& who);
  void Succeeded(const std::string& who);
  std::size_t size() const;

 private:
  struct Entry {
    std::string who;
    int failures = 0;
    MonotonicTime last{}, open{};
  };
  using Entries = std::list<Entry>;  // the latest failure first
  Entries::iterator Find(const std::string& who, MonotonicTime now);

  const ThrottleOptions options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_name_;
};

}  // namespace aloft::factors
