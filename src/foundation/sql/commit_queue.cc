#include "foundation/sql/commit_queue.h"

#include <algorithm>
#include <vector>

#include "foundation/os/thread_pool.h"

namespace aloft::sql {

CommitQueue::~CommitQueue() {
  ALOFT_CHECK(waiting_.empty());
}

Status CommitQueue::Run(Ticket& ticket, const Commit& commit) {
  thread_local const auto t_turn = std::make_shared<std::condition_variable>();
  ticket.turn = t_turn;
  const os::Blocking blocking;
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= limits_.max_waiting)
    return Fail(kUnavailable, "Too many writes are waiting; try again later.");
  waiting_.push_back(&ticket);
  auto my_turn = [&] { return ticket.done || (!ticket.taken && waiting_.front() == &ticket); };
  while (!ticket.turn->wait_for(lock, limits_.patience, my_turn)) {
    if (ticket.taken) continue;
    waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &ticket));
    return Fail(kUnavailable, "The disk does not keep up with the writes; try again later.");
  }
  if (ticket.done) return {};

  std::vector<Ticket*> group;
  std::size_t weight = 0;
  while (group.size() < waiting_.size() && group.size() < limits_.max_group && weight < limits_.max_weight) {
    group.push_back(waiting_[group.size()]);
    group.back()->taken = true;
    weight += group.back()->weight;
  }
  lock.unlock();
  commit(group);
  lock.lock();
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(group.size()));
  std::vector<std::shared_ptr<std::condition_variable>> told;
  // The next group goes to the disk while this one is told.
  if (!waiting_.empty()) told.push_back(waiting_.front()->turn);
  for (Ticket* each : group) {
    each->done = true;
    if (each != &ticket) told.push_back(each->turn);
  }
  lock.unlock();
  for (const auto& turn : told) turn->notify_one();  // outside, so that nobody wakes up only to wait for the lock
  return {};
}

}  // namespace aloft::sql
