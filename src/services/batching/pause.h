// How long what did not prove itself is left alone: longer each time, so that one bad moment costs little and what is
// never better is seldom tried. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>

#include "foundation/base/clock.h"

namespace aloft::batching {

class Pause {
 public:
  static constexpr std::chrono::seconds kFirst{2}, kLongest{600};

  void Begin(MonotonicTime now) {
    // What held for long after it was tried again is judged afresh.
    const bool again = length_.count() > 0 && now < until_ + std::max<std::chrono::seconds>(4 * length_, kHolds);
    length_ = again ? std::min(2 * length_, kLongest) : kFirst;
    until_ = now + length_;
  }
  bool Over(MonotonicTime now) const { return length_.count() == 0 || now >= until_; }

 private:
  static constexpr std::chrono::seconds kHolds{60};
  std::chrono::seconds length_{0};
  MonotonicTime until_{};
};

}  // namespace aloft::batching
