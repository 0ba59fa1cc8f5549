#include "platform/factors/throttle.h"

#include <algorithm>

#include "platform/factors/errors.h"

namespace aloft::factors {

Throttle::Entries::iterator Throttle::Find(const std::string& who, MonotonicTime now) {
  const auto found = by_name_.find(who);
  if (found == by_name_.end()) return entries_.end();
  if (now - found->second->last < options_.forget_after) return found->second;
  entries_.erase(found->second);
  by_name_.erase(found);
  return entries_.end();
}

Status Throttle::Check(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.Monotonic();
  const auto entry = Find(who, now);
  if (entry == entries_.end() || now >= entry->open) return {};
  const auto wait = std::chrono::ceil<std::chrono::seconds>(entry->open - now).count();
  return Fail(kTooManyAttempts, "Too many failed attempts. Try again in " + std::to_string(wait) + " seconds.");
}

void Throttle::Failed(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.Monotonic();
  auto entry = Find(who, now);
  if (entry == entries_.end()) {
    if (entries_.size() >= options_.most_entries) {
      by_name_.erase(entries_.back().who);
      entries_.pop_back();
    }
    entries_.push_front({.who = who});
    by_name_[who] = entries_.begin();
  } else {
    entries_.splice(entries_.begin(), entries_, entry);
  }
  Entry& first = entries_.front();
  first.last = now;
  ++first.failures;
  if (first.failures < options_.free_failures) return;
  const int doublings = std::min(first.failures - options_.free_failures, 20);
  first.open = now + std::min(options_.first_wait * (1 << doublings), options_.longest_wait);
}

void Throttle::Succeeded(const std::string& who) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(who);
  if (found == by_name_.end()) return;
  entries_.erase(found->second);
  by_name_.erase(found);
}

std::size_t Throttle::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace aloft::factors
