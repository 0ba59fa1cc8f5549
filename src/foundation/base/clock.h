// Time as a constructor argument, so that a test can freeze it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace aloft {

// Wall time with microseconds, UTC.
using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
// Time that never goes back; only differences mean something.
using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
  virtual MonotonicTime Monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override;
  MonotonicTime Monotonic() const override;
};

// Stands still until a test moves it. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = Time(std::chrono::seconds(1'700'000'000)));
  Time Now() const override;
  MonotonicTime Monotonic() const override;
  void Advance(std::chrono::microseconds by);

 private:
  mutable std::mutex mutex_;
  Time now_;
  MonotonicTime monotonic_;
};

inline std::int64_t ToMicros(Time time) {
  return time.time_since_epoch().count();
}
inline Time FromMicros(std::int64_t micros) {
  return Time(std::chrono::microseconds(micros));
}
inline std::int64_t ToMillis(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
inline Time FromMillis(std::int64_t millis) {
  return Time(std::chrono::milliseconds(millis));
}

}  // namespace aloft
