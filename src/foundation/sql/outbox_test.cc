#include "foundation/sql/outbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "foundation/sql/postgres_connection.h"
#include "foundation/sql/testing_engines.h"

namespace aloft::sql {
namespace {

class OutboxTest : public EngineTest {
 protected:
  void SetUp() override { Open({}); }
  void Reopen() { Open({}); }
  void Announce(const std::string& topic, const std::string& key, const std::string& record) {
    Status done = database_->Write([&](Transaction& t) -> Status {
      t.Announce(topic, key, record);
      return {};
    });
    ASSERT_TRUE(done.ok()) << Describe(done.error());
  }
  std::vector<std::string> Records(const OutboxPosition& after, const std::string& prefix = "") {
    std::vector<std::string> records;
    OutboxPosition position = after;
    while (true) {
      auto page = database_->outbox().Read(position, prefix, 2).value();
      for (auto& each : page.entries) records.push_back(each.record);
      if (!page.more) return records;
      position = page.next;
    }
  }
};

// What a transaction announces is read once it is committed, in order, page by page, over a restart, by topic.
TEST_P(OutboxTest, InOrderByTopic) {
  for (int i = 0; i < 5; ++i) Announce(i % 2 == 0 ? "even.x" : "odd.x", "k", std::to_string(i));
  Reopen();
  EXPECT_EQ(Records(""), (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_EQ(Records("", "odd."), (std::vector<std::string>{"1", "3"}));
  auto page = database_->outbox().Read("", "even.", 1).value();
  EXPECT_EQ(page.entries.at(0).topic, "even.x");
  EXPECT_EQ(page.entries.at(0).key, "k");
  EXPECT_TRUE(page.more);
}

// A filter that matches nothing still moves the cursor, or it would be read again and again and expire.
TEST_P(OutboxTest, FilteredOutIsPassed) {
  Announce("a", "k", "1");
  auto page = database_->outbox().Read("", "b", 10).value();
  EXPECT_TRUE(page.entries.empty());
  EXPECT_NE(page.next, "");
  Announce("b", "k", "2");
  EXPECT_EQ(Records(page.next, "b"), (std::vector<std::string>{"2"}));
}

// A new follower loads a snapshot and then follows from the end: nothing older comes, everything newer does.
TEST_P(OutboxTest, EndSeparatesOldFromNew) {
  Announce("a", "k", "old");
  auto end = database_->outbox().End().value();
  Announce("a", "k", "new");
  EXPECT_EQ(Records(end), (std::vector<std::string>{"new"}));
}

// Who slept through the retention is told, instead of silently missing changes; also after a restart.
TEST_P(OutboxTest, TrimmedCursorExpires) {
  Announce("a", "k", "1");
  auto first = database_->outbox().Read("", "", 1)->entries.at(0).position;
  Announce("a", "k", "2");
  Announce("a", "k", "3");
  EXPECT_EQ(database_->outbox().Trim({.max_bytes = 70}).value(), 2u);
  Reopen();
  EXPECT_EQ(database_->outbox().Read(first, "", 10).error().reason, kCursorExpired);
  EXPECT_EQ(database_->outbox().Read("", "", 10).error().reason, kCursorExpired);
  EXPECT_EQ(database_->outbox().Trim({.older_than = SystemClock().Now() + std::chrono::hours(1)}).value(), 1u);
  EXPECT_EQ(database_->outbox().Trim({.max_bytes = 0}).value(), 0u);
  Reopen();
  auto end = database_->outbox().End().value();
  Announce("a", "k", "4");
  EXPECT_EQ(Records(end), (std::vector<std::string>{"4"}));
}

// A cursor that was saved is there after a restart, and what is no position is refused.
TEST_P(OutboxTest, CursorsAreKept) {
  Outbox& outbox = database_->outbox();
  EXPECT_EQ(outbox.LoadCursor("me").value(), "");
  Announce("a", "k", "1");
  auto position = outbox.Read("", "", 10)->next;
  ASSERT_TRUE(outbox.SaveCursor("me", position).ok());
  ASSERT_TRUE(outbox.SaveCursor("me", position).ok());
  Reopen();
  EXPECT_EQ(database_->outbox().LoadCursor("me").value(), position);
  EXPECT_EQ(database_->outbox().Read("junk", "", 10).error().reason, kInvalidArgument);
}

// A reader that runs while many write must see every announcement, those of one key in order: a position must never
// appear below one that was already passed.
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
  OutboxPosition position;
  while (true) {
    bool last_round = running == 0;
    auto page = database_->outbox().Read(position, "", 7).value();
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
  database_->outbox().SetWaker([&] { ++woken; });
  Announce("a", "k", "1");
  EXPECT_EQ(woken, 1);
  ASSERT_TRUE(database_->Write([](Transaction& t) { return t.Query("SELECT 1"); }).ok());
  EXPECT_EQ(woken, 1);
  database_->outbox().SetWaker({});
  Announce("a", "k", "2");
  EXPECT_EQ(woken, 1);
}

INSTANTIATE_TEST_SUITE_P(Engines, OutboxTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), EngineName);

using PostgresTest = OutboxTest;

// A transaction that began earlier may still commit below what is already committed: until then nothing above it may
// be read, or its announcement would be skipped.
TEST_P(PostgresTest, WaitsForEarlierTransactions) {
  auto slow = PostgresConnection::Connect(connection_).value();
  ASSERT_TRUE(slow->Run("BEGIN").ok());
  ASSERT_TRUE(slow->Query("SELECT pg_current_xact_id()::text", {}).ok());
  Announce("a", "k", "2");
  auto end = database_->outbox().End().value();
  EXPECT_TRUE(Records("").empty());
  ASSERT_TRUE(slow->Run("INSERT INTO aloft_outbox (xid, seq, at, topic, key, record, bytes) "
                        "VALUES (pg_current_xact_id()::text::bigint, 0, 0, 'a', 'k', '1', 64)")
                  .ok());
  ASSERT_TRUE(slow->Run("COMMIT").ok());
  EXPECT_EQ(Records(""), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(Records(end), (std::vector<std::string>{"1", "2"}));
}

// A database server that dies and comes back is met with new connections, without a restart of ours.
TEST_P(PostgresTest, ReconnectsAfterACrash) {
  Announce("a", "k", "1");
  Status crashed = testing::CrashPostgres();
  ASSERT_TRUE(crashed.ok()) << Describe(crashed.error());
  EXPECT_EQ(Records(""), (std::vector<std::string>{"1"}));
  Announce("a", "k", "2");
  EXPECT_EQ(Records(""), (std::vector<std::string>{"1", "2"}));
}

INSTANTIATE_TEST_SUITE_P(Engines, PostgresTest, ::testing::Values(Engine::kPostgres), EngineName);

}  // namespace
}  // namespace aloft::sql
