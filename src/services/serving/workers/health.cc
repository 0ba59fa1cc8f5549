#include "services/serving/workers/health.h"

#include <algorithm>

namespace aloft::serving {

Health::Health(WorkerClient& workers, const Clock& clock, std::function<void(const compute::TaskId&)> changed)
    : workers_(workers), clock_(clock), shared_(std::make_shared<Shared>()) {
  shared_->changed = std::move(changed);
}

HealthView Health::Look(const compute::TaskId& task, const std::string& socket,
                        const std::optional<Time>& trusted_since, Time* next) {
  Time now = clock_.Now();
  {
    std::lock_guard lock(shared_->mutex);
    auto [at, is_new] = shared_->items.try_emplace(task);
    Item& item = at->second;
    if (is_new && trusted_since) {
      item.view = {.ready = true, .silent = false, .ready_since = trusted_since, .engine = {}};
      item.last_answer = now;
      item.interval = kSteadyPing;
    }
    *next = item.next;
    if (item.in_flight || now < item.next) {
      if (item.in_flight) *next = now + kSteadyPing;  // its answer wakes
      return item.view;
    }
    item.in_flight = true;
  }
  workers_.Ping(socket, [weak = std::weak_ptr(shared_), &clock = clock_, task](const Pong& pong) {
    if (auto shared = weak.lock()) Receive(*shared, clock, task, pong);
  });
  std::lock_guard lock(shared_->mutex);
  const Item& item = shared_->items[task];  // the ping may have been answered already
  *next = item.in_flight ? now + kSteadyPing : item.next;
  return item.view;
}

void Health::Receive(Shared& shared, const Clock& clock, const compute::TaskId& task, const Pong& pong) {
  {
    std::lock_guard lock(shared.mutex);
    auto found = shared.items.find(task);
    if (found == shared.items.end()) return;  // forgotten meanwhile
    Item& item = found->second;
    Time now = clock.Now();
    item.in_flight = false;
    if (pong.healthy) {
      item.view.engine = pong.engine;
      item.misses = 0;
      item.last_answer = now;
      if (!item.view.ready_since) item.view.ready_since = now;
      item.view.ready = true;
      item.view.silent = false;
      item.interval = kSteadyPing;
    } else {
      ++item.misses;
      bool was_ready = item.view.ready_since.has_value();
      // One miss takes it out of the traffic only if it never was in it.
      item.view.ready = was_ready && item.misses < kMissesOfAway;
      item.view.silent = was_ready && now - item.last_answer >= kSilentAfter;
      item.interval = std::min(was_ready ? kLastPing : item.interval * 5 / 4, kLastPing);
    }
    item.next = now + item.interval;
  }
  shared.changed(task);
}

HealthView Health::Known(const compute::TaskId& task) const {
  std::lock_guard lock(shared_->mutex);
  auto found = shared_->items.find(task);
  return found == shared_->items.end() ? HealthView{} : found->second.view;
}

void Health::Suspect(const compute::TaskId& task) {
  std::lock_guard lock(shared_->mutex);
  auto found = shared_->items.find(task);
  if (found != shared_->items.end()) found->second.next = Time{};
}

void Health::Forget(const compute::TaskId& task) {
  std::lock_guard lock(shared_->mutex);
  shared_->items.erase(task);
}

}  // namespace aloft::serving
