// Deadlines for many connections at almost no cost: a hashed wheel with coarse ticks. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

#include "foundation/base/clock.h"

namespace aloft::http {

// Something with at most one deadline. Moving the deadline later (each time bytes move) only stores a number; the wheel
// looks again when the old place comes round.
class Timer {
 public:
  Timer() = default;
  virtual ~Timer() = default;  // REQUIRES: not armed
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  bool armed() const { return armed_; }

 protected:
  // Runs once after the deadline, at most a tick late. May arm again.
  virtual void OnTimer() = 0;

 private:
  friend class TimerWheel;
  Timer* previous_ = this;  // unlinked: a ring of its own
  Timer* next_ = this;
  MonotonicTime deadline_;
  MonotonicTime place_;  // when the wheel comes by
  bool armed_ = false;
};

class TimerWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{100};

  explicit TimerWheel(MonotonicTime now) : now_(now) {}
  ~TimerWheel();  // disarms what is left

  void Arm(Timer& timer, MonotonicTime deadline);
  void Disarm(Timer& timer);
  // Runs every timer whose deadline is not after `now`.
  void Advance(MonotonicTime now);
  bool empty() const { return size_ == 0; }

 private:
  static constexpr std::size_t kSlots = 256;
  struct Head final : Timer {
    void OnTimer() override {}
  };
  void Link(Timer& timer);
  static void Unlink(Timer& timer);
  void RunSlot(std::size_t slot, MonotonicTime now);

  MonotonicTime now_;  // the tick that Advance has reached
  std::size_t slot_ = 0;
  std::size_t size_ = 0;
  std::array<Head, kSlots> slots_;
};

}  // namespace aloft::http
