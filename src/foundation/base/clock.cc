#include "foundation/base/clock.h"

namespace aloft {

Time SystemClock::Now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::Monotonic() const {
  return std::chrono::steady_clock::now();
}

ManualClock::ManualClock(Time start) : now_(start), monotonic_(std::chrono::seconds(1)) {}

Time ManualClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

MonotonicTime ManualClock::Monotonic() const {
  std::lock_guard lock(mutex_);
  return monotonic_;
}

void ManualClock::Advance(std::chrono::microseconds by) {
  std::lock_guard lock(mutex_);
  now_ += by;
  monotonic_ += by;
}

}  // namespace aloft
