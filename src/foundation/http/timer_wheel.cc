#include "foundation/http/timer_wheel.h"

#include <algorithm>

namespace aloft::http {

TimerWheel::~TimerWheel() {
  for (Head& head : slots_) {
    while (head.next_ != &head) {
      Timer& timer = *head.next_;
      Unlink(timer);
      timer.armed_ = false;
    }
  }
}

void TimerWheel::Arm(Timer& timer, MonotonicTime deadline) {
  timer.deadline_ = deadline;
  if (timer.armed_) {
    if (deadline >= timer.place_) return;
    Unlink(timer);
  } else {
    timer.armed_ = true;
    ++size_;
  }
  Link(timer);
}

void TimerWheel::Disarm(Timer& timer) {
  if (!timer.armed_) return;
  Unlink(timer);
  timer.armed_ = false;
  --size_;
}

void TimerWheel::Link(Timer& timer) {
  // Rounded up, so that a timer never runs early; beyond the horizon it waits in the last slot and is placed again.
  const auto ahead = std::max(timer.deadline_ - now_, MonotonicTime::duration::zero());
  const auto ticks = static_cast<std::size_t>((ahead + kTick - MonotonicTime::duration(1)) / kTick);
  const std::size_t distance = std::clamp<std::size_t>(ticks, 1, kSlots - 1);
  timer.place_ = now_ + distance * kTick;
  Head& head = slots_[(slot_ + distance) % kSlots];
  timer.previous_ = head.previous_;
  timer.next_ = &head;
  head.previous_->next_ = &timer;
  head.previous_ = &timer;
}

void TimerWheel::Unlink(Timer& timer) {
  timer.previous_->next_ = timer.next_;
  timer.next_->previous_ = timer.previous_;
  timer.previous_ = timer.next_ = &timer;
}

void TimerWheel::Advance(MonotonicTime now) {
  // After a long pause each slot needs to be looked at only once.
  if (now - now_ > kSlots * kTick) now_ = now - kSlots * kTick;
  while (now - now_ >= kTick) {
    now_ += kTick;
    slot_ = (slot_ + 1) % kSlots;
    RunSlot(slot_, now);
  }
}

void TimerWheel::RunSlot(std::size_t slot, MonotonicTime now) {
  // Moved aside first: what a timer arms may land in this same slot, a whole round later.
  Head due;
  Head& head = slots_[slot];
  if (head.next_ == &head) return;
  due.next_ = head.next_;
  due.previous_ = head.previous_;
  due.next_->previous_ = &due;
  due.previous_->next_ = &due;
  head.next_ = head.previous_ = &head;
  while (due.next_ != &due) {
    Timer& timer = *due.next_;
    Unlink(timer);
    if (timer.deadline_ > now) {
      Link(timer);
    } else {
      timer.armed_ = false;
      --size_;
      timer.OnTimer();
    }
  }
}

}  // namespace aloft::http
