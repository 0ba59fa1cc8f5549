#include "foundation/sql/commit_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <set>
#include <thread>
#include <vector>

namespace aloft::sql {
namespace {

using Group = std::span<CommitQueue::Ticket* const>;

// While one group is committed the next gathers: many callers, few commits, each ticket in exactly one, in order of
// arrival.
TEST(CommitQueueTest, GroupsForm) {
  constexpr int kCallers = 16;
  CommitQueue queue({});
  std::latch first_is_committing(1), all_wait(kCallers);
  std::vector<CommitQueue::Ticket*> committed;
  std::atomic<int> commits{0};
  CommitQueue::Commit commit = [&](Group group) {
    if (commits++ == 0) {
      first_is_committing.count_down();
      all_wait.wait();
    }
    committed.insert(committed.end(), group.begin(), group.end());
  };
  CommitQueue::Ticket first;
  std::thread leader([&] { EXPECT_TRUE(queue.Run(first, commit).ok()); });
  first_is_committing.wait();
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      CommitQueue::Ticket ticket;
      all_wait.count_down();
      EXPECT_TRUE(queue.Run(ticket, commit).ok());
    });
  }
  leader.join();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(committed.size(), kCallers + 1u);
  EXPECT_EQ(committed.front(), &first);
  EXPECT_LE(commits, kCallers + 1);
}

// A full queue refuses at once instead of growing, and whoever waits too long leaves it without having been committed.
TEST(CommitQueueTest, IsBoundedAndImpatient) {
  CommitQueue queue({.max_waiting = 2, .patience = std::chrono::seconds(0)});
  std::latch committing(1), go_on(1);
  std::set<CommitQueue::Ticket*> committed;
  CommitQueue::Commit commit = [&](Group group) {
    committed.insert(group.begin(), group.end());
    committing.count_down();
    go_on.wait();
  };
  CommitQueue::Ticket running, impatient;
  std::thread leader([&] { EXPECT_TRUE(queue.Run(running, commit).ok()); });
  committing.wait();
  EXPECT_EQ(queue.Run(impatient, commit).error().reason, kUnavailable);
  CommitQueue full({.max_waiting = 0});
  CommitQueue::Ticket refused;
  EXPECT_EQ(full.Run(refused, commit).error().reason, kUnavailable);
  go_on.count_down();
  leader.join();
  EXPECT_EQ(committed, (std::set<CommitQueue::Ticket*>{&running}));
}

// Weights close a group, so that one commit does not gather without bound; a single heavy ticket still passes.
TEST(CommitQueueTest, WeightClosesAGroup) {
  CommitQueue queue({.max_weight = 10});
  CommitQueue::Ticket heavy;
  heavy.weight = 1000;
  std::size_t size = 0;
  EXPECT_TRUE(queue.Run(heavy, [&](Group group) { size = group.size(); }).ok());
  EXPECT_EQ(size, 1u);
}

}  // namespace
}  // namespace aloft::sql
