#include <gtest/gtest.h>

#include <thread>

#include "foundation/kv/testing_engines.h"

namespace aloft::kv {
namespace {

class OutboxTest : public EngineTest {
 protected:
  Version Announce(const std::string& topic, const std::string& key, const std::string& record) {
    Batch batch;
    batch.Announce(topic, key, record);
    return store_->Apply(std::move(batch)).value();
  }
  std::vector<std::string> Records(const sql::OutboxPosition& after, const std::string& prefix = "") {
    std::vector<std::string> records;
    sql::OutboxPosition position = after;
    while (true) {
      auto page = store_->outbox().Read(position, prefix, 2).value();
      for (auto& each : page.entries) records.push_back(each.record);
      if (!page.more) return records;
      position = page.next;
    }
  }
};

// What a batch announces is read once it is applied, in order, page by page, over a restart, filtered by topic.
TEST_P(OutboxTest, InOrderByTopic) {
  for (int i = 0; i < 5; ++i) Announce(i % 2 == 0 ? "even.x" : "odd.x", "k", std::to_string(i));
  Reopen();
  EXPECT_EQ(Records(""), (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(Records("", "odd."), (std::vector<std::string>{"1", "3"}));
  auto page = store_->outbox().Read("", "even.", 1).value();
  EXPECT_EQ(page.entries.at(0).topic, "even.x");
  EXPECT_EQ(page.entries.at(0).key, "k");
  EXPECT_TRUE(page.more);
}

// A filter that matches nothing still moves the cursor, or it would be read again and again and expire.
TEST_P(OutboxTest, FilteredOutIsPassed) {
  Announce("a", "k", "1");
  auto page = store_->outbox().Read("", "b", 10).value();
  EXPECT_TRUE(page.entries.empty());
  EXPECT_NE(page.next, "");
  Announce("b", "k", "2");
  EXPECT_EQ(Records(page.next, "b"), (std::vector<std::string>{"2"}));
}

// A new follower loads a snapshot and then follows from the end: nothing older comes, everything newer does.
TEST_P(OutboxTest, EndSeparatesOldFromNew) {
  EXPECT_TRUE(Records(store_->outbox().End().value()).empty());
  Announce("a", "k", "old");
  auto end = store_->outbox().End().value();
  Announce("a", "k", "new");
  EXPECT_EQ(Records(end), (std::vector<std::string>{"new"}));
}

// Who slept through the retention is told, instead of silently missing changes; also after a restart.
TEST_P(OutboxTest, TrimmedCursorExpires) {
  Announce("a", "k", "1");
  auto first = store_->outbox().Read("", "", 1)->next;
  Announce("a", "k", "2");
  Announce("a", "k", "3");
  EXPECT_EQ(store_->outbox().Trim({.max_bytes = 70}).value(), 2u);
  Reopen();
  EXPECT_EQ(store_->outbox().Read(first, "", 10).error().reason, sql::kCursorExpired);
  EXPECT_EQ(store_->outbox().Read("", "", 10).error().reason, sql::kCursorExpired);
  EXPECT_EQ(Records(store_->outbox().End().value()), std::vector<std::string>{});
  EXPECT_EQ(store_->outbox().Trim({.older_than = SystemClock().Now() + std::chrono::hours(1)}).value(), 1u);
  EXPECT_EQ(store_->outbox().Trim({.max_bytes = 0}).value(), 0u);
  auto end = store_->outbox().End().value();
  Announce("a", "k", "4");
  EXPECT_EQ(Records(end), (std::vector<std::string>{"4"}));
}

// A cursor that was saved is there after a restart.
TEST_P(OutboxTest, CursorsAreKept) {
  EXPECT_EQ(store_->outbox().LoadCursor("me").value(), "");
  Announce("a", "k", "1");
  auto position = store_->outbox().Read("", "", 10)->next;
  ASSERT_TRUE(store_->outbox().SaveCursor("me", position).ok());
  Reopen();
  EXPECT_EQ(store_->outbox().LoadCursor("me").value(), position);
}

// A reader that runs while many write must see every announcement, those of one key in the order of their versions:
// a position must never appear below one that was already passed.
TEST_P(OutboxTest, NothingIsSkippedUnderConcurrency) {
  constexpr int kThreads = 6, kEach = 40;
  std::atomic<int> running{kThreads};
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) Announce("t", std::to_string(t), std::to_string(i));
      --running;
    });
  }
  std::map<std::string, int> next;
  int seen = 0;
  sql::OutboxPosition position;
  while (true) {
    bool last_round = running == 0;
    auto page = store_->outbox().Read(position, "", 7).value();
    for (auto& each : page.entries) {
      EXPECT_EQ(std::stoi(each.record), next[each.key]++);
      ++seen;
    }
    position = page.next;
    if (last_round && page.entries.empty()) break;
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(seen, kThreads * kEach);
}

// The feed sleeps until a commit announces something.
TEST_P(OutboxTest, WakesItsReader) {
  std::atomic<int> woken{0};
  store_->outbox().SetWaker([&] { ++woken; });
  Announce("a", "k", "1");
  EXPECT_EQ(woken, 1);
  Batch silent;
  silent.Put("a", "k", "v");
  ASSERT_TRUE(store_->Apply(std::move(silent)).ok());
  EXPECT_EQ(woken, 1);
  store_->outbox().SetWaker({});
  Announce("a", "k", "2");
  EXPECT_EQ(woken, 1);
}

INSTANTIATE_TEST_SUITE_P(Engines, OutboxTest, testing::Values(Engine::kMemory, Engine::kRocks, Engine::kPostgres),
                         EngineName);

}  // namespace
}  // namespace aloft::kv
