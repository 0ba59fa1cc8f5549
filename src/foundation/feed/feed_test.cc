#include "foundation/feed/feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>

#include "foundation/kv/store.h"
#include "foundation/sql/database.h"
#include "foundation/sql/testing/postgres.h"

namespace aloft::feed {
namespace {

// A store that can announce, of each kind.
enum class Kind { kSqlite, kSqlPostgres, kMemory, kRocks, kKvPostgres };

class FeedTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "aloft-feed-XXXXXX";
    directory_ = mkdtemp(name.data());
    if (GetParam() == Kind::kSqlPostgres || GetParam() == Kind::kKvPostgres) {
      auto made = sql::testing::NewPostgresDatabase();
      ASSERT_TRUE(made.ok()) << Describe(made.error());
      connection_ = *made;
    }
    Open();
  }
  void TearDown() override {
    database_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Open() {
    database_.reset();
    if (GetParam() == Kind::kSqlite || GetParam() == Kind::kSqlPostgres) {
      sql::Options options;
      options.engine = GetParam() == Kind::kSqlite ? sql::Engine::kSqlite : sql::Engine::kPostgres;
      options.path = directory_ + "/aloft.db";
      options.connection = connection_;
      database_ = sql::Database::Open(options, {}, Log::Discard()).value();
      return;
    }
    if (GetParam() == Kind::kMemory && store_) return;
    store_.reset();
    kv::Options options;
    options.engine = GetParam() == Kind::kMemory  ? kv::Engine::kMemory
                     : GetParam() == Kind::kRocks ? kv::Engine::kRocks
                                                  : kv::Engine::kPostgres;
    options.path = directory_;
    options.connection = connection_;
    store_ = kv::Store::Open(options, Log::Discard()).value();
  }
  sql::Outbox& outbox() { return database_ ? database_->outbox() : store_->outbox(); }
  void Announce(const std::string& topic, const std::string& key, const std::string& record) {
    if (database_) {
      Status done = database_->Write([&](sql::Transaction& t) -> Status {
        t.Announce(topic, key, record);
        return {};
      });
      ASSERT_TRUE(done.ok()) << Describe(done.error());
    } else {
      kv::Batch batch;
      batch.Announce(topic, key, record);
      auto done = store_->Apply(std::move(batch));
      ASSERT_TRUE(done.ok()) << Describe(done.error());
    }
  }
  Subscription Collect(std::string name, std::string prefix = "") {
    return {std::move(name), std::move(prefix),
            [this](std::span<const Event> events) -> Status {
              if (fail_next_ > 0) {
                --fail_next_;
                return Fail(kUnavailable, "not now");
              }
              for (const Event& event : events) seen_.push_back(event.record);
              return {};
            },
            [this]() -> Status {
              ++resyncs_;
              if (during_resync_) during_resync_();
              return {};
            }};
  }
  static void Drain(Subscriber& subscriber) {
    while (true) {
      auto more = subscriber.Step();
      ASSERT_TRUE(more.ok()) << Describe(more.error());
      if (!*more) return;
    }
  }

  std::string directory_, connection_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> store_;
  std::vector<std::string> seen_;
  int resyncs_ = 0;
  int fail_next_ = 0;
  std::function<void()> during_resync_;
};

// A new subscriber loads a snapshot; what changes while it loads, and afterwards, is delivered; what was before is not.
TEST_P(FeedTest, NewcomerResyncsThenFollows) {
  Announce("a", "k", "before");
  during_resync_ = [&] { Announce("a", "k", "during"); };
  Subscriber subscriber(outbox(), Collect("me"), Log::Discard());
  Drain(subscriber);
  Announce("a", "k", "after");
  Drain(subscriber);
  EXPECT_EQ(resyncs_, 1);
  EXPECT_EQ(seen_, (std::vector<std::string>{"during", "after"}));
}

// A restart goes on from the saved cursor, without a snapshot; what was not saved comes again (at least once).
TEST_P(FeedTest, RestartGoesOnFromTheCursor) {
  {
    Subscriber subscriber(outbox(), Collect("me"), Log::Discard());
    Drain(subscriber);
    Announce("a", "k", "1");
    Drain(subscriber);
    ASSERT_TRUE(subscriber.Save().ok());
    Announce("a", "k", "2");
    Drain(subscriber);
  }
  Open();
  Announce("a", "k", "3");
  Subscriber subscriber(outbox(), Collect("me"), Log::Discard());
  Drain(subscriber);
  EXPECT_EQ(resyncs_, 1);
  EXPECT_EQ(seen_, (std::vector<std::string>{"1", "2", "2", "3"}));
}

// A handler that fails gets the same events again, in the same order, and misses none.
TEST_P(FeedTest, FailureBringsTheSameAgain) {
  Subscriber subscriber(outbox(), Collect("me"), Log::Discard());
  Drain(subscriber);
  Announce("a", "k", "1");
  Announce("a", "k", "2");
  fail_next_ = 2;
  EXPECT_FALSE(subscriber.Step().ok());
  EXPECT_FALSE(subscriber.Step().ok());
  Drain(subscriber);
  EXPECT_EQ(seen_, (std::vector<std::string>{"1", "2"}));
}

// A failed snapshot is loaded again before any event is delivered.
TEST_P(FeedTest, FailedResyncIsRepeated) {
  Subscription subscription = Collect("me");
  int calls = 0;
  subscription.resync = [&]() -> Status { return ++calls == 1 ? Status(Fail(kUnavailable, "not now")) : Status(); };
  Subscriber subscriber(outbox(), subscription, Log::Discard());
  EXPECT_FALSE(subscriber.Step().ok());
  Announce("a", "k", "1");
  Drain(subscriber);
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(seen_.empty());
}

// Who slept through the retention loads a snapshot again instead of missing changes.
TEST_P(FeedTest, ExpiredCursorResyncs) {
  Subscriber subscriber(outbox(), Collect("me"), Log::Discard());
  Drain(subscriber);
  Announce("a", "k", "missed");
  Announce("a", "k", "missed too");
  ASSERT_EQ(outbox().Trim({.max_bytes = 0}).value(), 2u);
  Announce("a", "k", "3");
  Drain(subscriber);
  EXPECT_EQ(resyncs_, 2);
  EXPECT_TRUE(seen_.empty());
  Announce("a", "k", "4");
  Drain(subscriber);
  EXPECT_EQ(seen_, (std::vector<std::string>{"4"}));
}

// Subscribers of different topics do not see each other's, and each has a cursor of its own.
TEST_P(FeedTest, TopicsAndCursorsAreSeparate) {
  Subscriber first(outbox(), Collect("first", "a."), Log::Discard());
  Subscriber second(outbox(), Collect("second", "b."), Log::Discard());
  Drain(first);
  Drain(second);
  Announce("a.x", "k", "1");
  Announce("b.x", "k", "2");
  Drain(second);
  EXPECT_EQ(seen_, (std::vector<std::string>{"2"}));
  Drain(first);
  EXPECT_EQ(seen_, (std::vector<std::string>{"2", "1"}));
}

// The threads of a feed deliver what is announced, retry what fails, and save the cursor when they stop.
TEST_P(FeedTest, FeedDelivers) {
  std::mutex mutex;
  std::condition_variable arrived;
  std::map<std::string, std::vector<int>> received;
  int count = 0;
  bool failed_once = false;
  SystemClock clock;
  auto subscription = [&](std::string prefix) {
    return Subscription{"thread." + prefix, prefix,
                        [&](std::span<const Event> events) -> Status {
                          std::lock_guard lock(mutex);
                          if (!std::exchange(failed_once, true)) return Fail(kUnavailable, "not now");
                          for (const Event& event : events) received[event.key].push_back(std::stoi(event.record));
                          count += static_cast<int>(events.size());
                          arrived.notify_all();
                          return {};
                        },
                        [&]() -> Status {
                          std::lock_guard lock(mutex);
                          ++resyncs_;
                          arrived.notify_all();
                          return {};
                        }};
  };
  {
    Feed feed(outbox(), {.poll = std::chrono::milliseconds(50)}, clock, Log::Discard());
    feed.Subscribe(subscription("a."));
    feed.Subscribe(subscription("b."));
    feed.Start();
    {
      std::unique_lock lock(mutex);
      ASSERT_TRUE(arrived.wait_for(lock, std::chrono::seconds(30), [&] { return resyncs_ == 2; }));
    }
    for (int i = 0; i < 50; ++i) Announce(i % 2 == 0 ? "a.x" : "b.x", std::to_string(i % 4), std::to_string(i));
    std::unique_lock lock(mutex);
    ASSERT_TRUE(arrived.wait_for(lock, std::chrono::seconds(30), [&] { return count >= 50; }));
    lock.unlock();
    EXPECT_LT(feed.Staleness(), std::chrono::seconds(30));
    feed.Stop();
    feed.Stop();
  }
  for (auto& [key, records] : received) EXPECT_TRUE(std::is_sorted(records.begin(), records.end())) << key;
  Subscriber again(outbox(), Collect("thread.a.", "a."), Log::Discard());
  Drain(again);
  EXPECT_TRUE(seen_.empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, FeedTest,
                         testing::Values(Kind::kSqlite, Kind::kSqlPostgres, Kind::kMemory, Kind::kRocks,
                                         Kind::kKvPostgres),
                         [](const testing::TestParamInfo<Kind>& param_info) -> std::string {
                           switch (param_info.param) {
                             case Kind::kSqlite: return "Sqlite";
                             case Kind::kSqlPostgres: return "SqlPostgres";
                             case Kind::kMemory: return "Memory";
                             case Kind::kRocks: return "Rocks";
                             case Kind::kKvPostgres: return "KvPostgres";
                           }
                           return "Unknown";
                         });

}  // namespace
}  // namespace aloft::feed
