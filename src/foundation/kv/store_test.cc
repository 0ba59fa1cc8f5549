#include "foundation/kv/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <random>
#include <thread>

#include "foundation/kv/apply_soon.h"
#include "foundation/kv/testing_engines.h"
#include "foundation/os/must_not_block.h"

namespace aloft::kv {
namespace {

class StoreTest : public EngineTest {
 protected:
  Version Put(const std::string& key, const std::string& value) {
    Batch batch;
    batch.Put("test", key, value);
    return store_->Apply(std::move(batch)).value();
  }
  Version Delete(const std::string& key) {
    Batch batch;
    batch.Delete("test", key);
    return store_->Apply(std::move(batch)).value();
  }
  Result<Version> PutExpecting(const std::string& key, Version version) {
    Batch batch;
    batch.Expect("test", key, version);
    batch.Put("test", key, "new");
    return store_->Apply(std::move(batch));
  }
};

// A deleted and re-made record must not satisfy an old expectation (ABA).
TEST_P(StoreTest, VersionsAreNeverReused) {
  Version first = Put("a", "1");
  Delete("a");
  EXPECT_FALSE(store_->Get("test", "a").value().has_value());
  Reopen();
  Version second = Put("a", "1");
  EXPECT_GT(second, first);
  auto stale = PutExpecting("a", first);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().reason, kVersionMismatch);
  EXPECT_TRUE(PutExpecting("a", second).ok());
}

// "Create only if absent" is an expectation of kAbsent.
TEST_P(StoreTest, AbsentIsAVersion) {
  EXPECT_TRUE(PutExpecting("a", kAbsent).ok());
  EXPECT_EQ(PutExpecting("a", kAbsent).error().reason, kVersionMismatch);
  EXPECT_EQ(PutExpecting("b", 7).error().reason, kVersionMismatch);
}

// A refused batch leaves nothing of itself, in any of its spaces, and announces nothing.
TEST_P(StoreTest, RefusedBatchChangesNothing) {
  Put("fence", "1");
  Batch batch;
  batch.Put("other", "x", "y");
  batch.Delete("test", "fence");
  batch.Announce("topic", "x", "y");
  batch.Expect("test", "fence", kAbsent);
  EXPECT_EQ(store_->Apply(std::move(batch)).error().reason, kVersionMismatch);
  EXPECT_FALSE(store_->Get("other", "x").value().has_value());
  EXPECT_TRUE(store_->Get("test", "fence").value().has_value());
  EXPECT_TRUE(store_->outbox().Read("", "", 10)->entries.empty());
}

// A thread that must not wait for a disk reads what memory has, hears where that is not enough, and writes nothing.
TEST_P(StoreTest, WithoutWaiting) {
  // More than a block, so that "a" is not beside what the store reads of itself when it opens.
  Put("0", std::string(40'000, 'x'));
  Put("a", "1");
  Reopen();
  auto get = [&](bool& refused) {
    const os::MustNotBlock here;
    auto got = store_->Get("test", "a");
    refused = here.refused();
    return got;
  };
  bool refused = false;
  auto cold = get(refused);
  EXPECT_EQ(refused, GetParam() != Engine::kMemory);
  EXPECT_EQ(cold.ok(), !refused);
  ASSERT_TRUE(store_->Get("test", "a").ok());
  auto warm = get(refused);
  EXPECT_EQ(refused, GetParam() == Engine::kPostgres);
  EXPECT_EQ(warm.ok(), !refused);
  if (warm.ok()) {
    ASSERT_TRUE(warm.value().has_value());
    EXPECT_EQ(warm.value()->value, "1");
  }
  if (GetParam() == Engine::kMemory) return;
  const os::MustNotBlock here;
  EXPECT_EQ(store_->Scan("test", {}).error().reason, os::kWouldBlock);
  Batch batch;
  batch.Put("test", "a", "2");
  EXPECT_EQ(store_->Apply(std::move(batch)).error().reason, os::kWouldBlock);
}

// Who does not wait is told once, of the same outcome that a waiting caller gets: every batch is there, and of all that
// expect the same only one. A store that closes tells first.
TEST_P(StoreTest, SoonTellsEachOnce) {
  constexpr int kThreads = 4, kEach = 50;
  std::atomic<int> told = 0, applied = 0, won = 0;
  const auto writer = [&](int thread) {
    for (int i = 0; i < kEach; ++i) {
      Batch batch;
      batch.Put("test", std::to_string(thread) + "-" + std::to_string(i), "value");
      batch.Announce("topic", "key", "record");
      ApplySoon(*store_, std::move(batch), [&](Result<Version> version) {
        ++told;
        applied += version.ok() ? 1 : 0;
      });
      Batch race;
      race.Expect("race", std::to_string(i), kAbsent);
      race.Put("race", std::to_string(i), std::to_string(thread));
      ApplySoon(*store_, std::move(race), [&](Result<Version> version) {
        ++told;
        won += version.ok() ? 1 : 0;
        if (!version.ok()) {
          EXPECT_EQ(version.error().reason, kVersionMismatch);
        }
      });
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(writer, t);
  for (auto& thread : threads) thread.join();
  if (GetParam() != Engine::kMemory) store_.reset();
  EXPECT_EQ(told, 2 * kThreads * kEach);
  EXPECT_EQ(applied, kThreads * kEach);
  EXPECT_EQ(won, kEach);
  if (GetParam() != Engine::kMemory) Open();
  EXPECT_EQ(store_->Scan("test", {}).value().entries.size(), std::size_t{kThreads * kEach});
  EXPECT_EQ(store_->Scan("race", {}).value().entries.size(), std::size_t{kEach});
}

// A socket's thread may begin a write that others finish; but never one that rests on a refusal.
TEST_P(StoreTest, SoonWithoutWaiting) {
  Put("a", "1");
  ASSERT_TRUE(store_->Get("test", "a").ok());
  const Version version = store_->Get("test", "a").value()->version;
  const auto change = [&](bool refused_before) {
    const auto outcome = std::make_shared<std::promise<Result<Version>>>();
    {
      const os::MustNotBlock here;
      if (refused_before) {
        EXPECT_FALSE(os::MayBlock().ok());
      }
      Batch batch;
      batch.Expect("test", "a", version);
      batch.Put("test", "a", "2");
      ApplySoon(*store_, std::move(batch),
                [outcome](Result<Version> applied) { outcome->set_value(std::move(applied)); });
    }
    return outcome->get_future().get();
  };
  EXPECT_EQ(change(true).error().reason, os::kWouldBlock);
  EXPECT_EQ(store_->Get("test", "a").value()->value, "1");
  const auto changed = change(false);
  EXPECT_EQ(changed.ok(), GetParam() != Engine::kPostgres);
  EXPECT_EQ(store_->Get("test", "a").value()->value, changed.ok() ? "2" : "1");
}

// Writes of one batch share its version; the last write of a key counts; expectations look at the store before it.
TEST_P(StoreTest, LastWriteOfAKeyCounts) {
  Batch batch;
  batch.Put("test", "a", "1");
  batch.Put("test", "a", "2");
  batch.Put("test", "b", "1");
  batch.Delete("test", "b");
  batch.Expect("test", "a", kAbsent);
  Version version = store_->Apply(std::move(batch)).value();
  auto entry = store_->Get("test", "a").value();
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->value, "2");
  EXPECT_EQ(entry->version, version);
  EXPECT_FALSE(store_->Get("test", "b").value());
}

// Keys are bytes: NUL, 0xff and the empty key are keys, ordered unsigned; spaces never run into each other.
TEST_P(StoreTest, KeysAreBytes) {
  using namespace std::string_literals;
  for (const std::string& key : {""s, "\0"s, "\x7f"s, "\x80"s, "\xff\xff\xff"s}) Put(key, key);
  Batch other;
  other.Put("tes", "t", "neighbour");
  other.Put("test2", "", "neighbour");
  ASSERT_TRUE(store_->Apply(std::move(other)).ok());
  auto page = store_->Scan("test", {}).value();
  std::vector<std::string> keys;
  for (const Entry& entry : page.entries) {
    keys.push_back(entry.key);
    EXPECT_EQ(entry.key, entry.value);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"", "\0"s, "\x7f", "\x80", "\xff\xff\xff"}));
  EXPECT_FALSE(page.more);
}

// A page is bounded by count and by bytes, holds at least one entry, and says whether the range goes on.
TEST_P(StoreTest, PagesAreBounded) {
  for (int i = 0; i < 10; ++i) Put("k" + std::to_string(i), std::string(100, 'v'));
  ScanRange range;
  range.limit = 4;
  auto page = store_->Scan("test", range).value();
  EXPECT_EQ(page.entries.size(), 4u);
  EXPECT_TRUE(page.more);
  range.limit = 10;
  EXPECT_FALSE(store_->Scan("test", range)->more);
  range.max_bytes = 250;
  EXPECT_EQ(store_->Scan("test", range)->entries.size(), 2u);
  range.max_bytes = 1;
  EXPECT_EQ(store_->Scan("test", range)->entries.size(), 1u);
  range.keys_only = true;
  range.max_bytes = 6;
  page = store_->Scan("test", range).value();
  EXPECT_EQ(page.entries.size(), 3u);
  EXPECT_TRUE(page.entries[0].value.empty());
  EXPECT_NE(page.entries[0].version, kAbsent);
  range = {.from = "k8", .to = "k3"};
  EXPECT_TRUE(store_->Scan("test", range)->entries.empty());
}

// Input beyond the published sizes is refused alike on every engine, before anything is written.
TEST_P(StoreTest, OversizeIsRefused) {
  Batch batch;
  batch.Put("test", std::string(kMaxKeyBytes + 1, 'k'), "");
  EXPECT_EQ(store_->Apply(std::move(batch)).error().reason, kInvalidArgument);
  Batch nameless;
  nameless.Put("", "k", "");
  EXPECT_EQ(store_->Apply(std::move(nameless)).error().reason, kInvalidArgument);
  Batch largest;
  std::string key;
  std::mt19937 random(1);  // incompressible: an index must not save us
  for (std::size_t i = 0; i < kMaxKeyBytes; ++i) key.push_back(static_cast<char>(random()));
  largest.Put("test", key, std::string(1 << 20, 'v'));
  EXPECT_TRUE(store_->Apply(std::move(largest)).ok());
  EXPECT_EQ(store_->Get("test", key).value()->value.size(), 1u << 20);
}

// An expectation alone is a fence that can be tested without a write.
TEST_P(StoreTest, ExpectationsAlone) {
  Version version = Put("fence", "1");
  Batch held;
  held.Expect("test", "fence", version);
  EXPECT_TRUE(store_->Apply(std::move(held)).ok());
  Batch broken;
  broken.Expect("test", "fence", version + 1);
  EXPECT_EQ(store_->Apply(std::move(broken)).error().reason, kVersionMismatch);
}

// Every engine must behave as a std::map with versions does, over restarts, for scans in both directions.
TEST_P(StoreTest, BehavesLikeAModel) {
  std::map<std::string, std::pair<Version, std::string>> model;
  std::mt19937 random(20240607);
  auto draw = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  auto some_key = [&] {
    std::string key;
    for (unsigned length = draw(4); length > 0; --length)
      key.push_back(
          "\x00\x01"
          "ab\xff"[draw(5)]);
    return key;
  };
  for (int step = 0; step < 600; ++step) {
    SCOPED_TRACE(step);
    if (draw(200) == 0) Reopen();
    unsigned action = draw(10);
    if (action < 6) {
      Batch batch;
      bool holds = true;
      std::map<std::string, std::optional<std::string>> writes;
      for (unsigned count = draw(3); count > 0; --count) {
        std::string key = some_key();
        auto found = model.find(key);
        Version actual = found == model.end() ? kAbsent : found->second.first;
        Version expected = draw(8) == 0 ? actual + 1 : actual;
        holds = holds && expected == actual;
        batch.Expect("model", key, expected);
      }
      for (unsigned count = 1 + draw(4); count > 0; --count) {
        std::string key = some_key();
        if (draw(3) == 0) {
          batch.Delete("model", key);
          writes[key] = std::nullopt;
        } else {
          std::string value(draw(20), static_cast<char>(draw(256)));
          batch.Put("model", key, value);
          writes[key] = value;
        }
      }
      auto applied = store_->Apply(std::move(batch));
      ASSERT_EQ(applied.ok(), holds) << (applied.ok() ? "" : Describe(applied.error()));
      if (!holds) continue;
      for (auto& [key, value] : writes) {
        if (value)
          model[key] = {*applied, *value};
        else
          model.erase(key);
      }
    } else if (action < 8) {
      std::string key = some_key();
      auto entry = store_->Get("model", key).value();
      auto found = model.find(key);
      ASSERT_EQ(entry.has_value(), found != model.end());
      if (entry) {
        EXPECT_EQ(entry->version, found->second.first);
        EXPECT_EQ(entry->value, found->second.second);
      }
    } else {
      ScanRange range;
      range.from = some_key();
      range.to = some_key();
      range.limit = 1 + draw(12);
      range.reverse = draw(2) == 0;
      range.keys_only = draw(2) == 0;
      auto page = store_->Scan("model", range).value();
      std::vector<std::string> expected;
      for (auto& [key, cell] : model)
        if (key >= range.from && (range.to.empty() || key < range.to)) expected.push_back(key);
      if (range.reverse) std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(page.more, expected.size() > range.limit);
      if (expected.size() > range.limit) expected.resize(range.limit);
      std::vector<std::string> keys;
      for (const Entry& entry : page.entries) {
        keys.push_back(entry.key);
        EXPECT_EQ(entry.version, model[entry.key].first);
        EXPECT_EQ(entry.value, range.keys_only ? "" : model[entry.key].second);
      }
      ASSERT_EQ(keys, expected);
    }
  }
}

// Read, decide, write: with expectations no increment is lost, however many threads race.
TEST_P(StoreTest, ConcurrentIncrementsAreNotLost) {
  constexpr int kThreads = 8, kEach = 25;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int done = 0; done < kEach;) {
        auto entry = store_->Get("test", "counter").value();
        Batch batch;
        batch.Expect("test", "counter", entry ? entry->version : kAbsent);
        batch.Put("test", "counter", std::to_string(entry ? std::stoi(entry->value) + 1 : 1));
        batch.Put("test", "own" + std::to_string(t), std::to_string(done));
        if (store_->Apply(std::move(batch)).ok()) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store_->Get("test", "counter").value()->value, std::to_string(kThreads * kEach));
}

INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, testing::Values(Engine::kMemory, Engine::kRocks, Engine::kPostgres),
                         EngineName);

}  // namespace
}  // namespace aloft::kv
