#include "foundation/kv/record_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace aloft::kv {
namespace {

const PlacedKey kKey(std::string("k"));

std::string Cached(RecordCache& cache, const std::string& key) {
  RecordCache::Ticket ticket;
  const auto found = cache.Lookup(PlacedKey(key), ticket);
  return found ? *found->value : "";
}

void Read(RecordCache& cache, const std::string& key, const std::string& value) {
  RecordCache::Ticket ticket;
  EXPECT_FALSE(cache.Lookup(PlacedKey(key), ticket));
  cache.Keep(ticket, PlacedKey(key), value, 1);
}

// While a key is written nobody knows which record a reader of the store finds, so none is kept; afterwards the new one
// is there at once, where the old one was.
TEST(RecordCache, AKeyThatIsWrittenIsNotThere) {
  RecordCache cache(1 << 20);
  Read(cache, "k", "old");
  EXPECT_EQ(Cached(cache, "k"), "old");
  EXPECT_TRUE(cache.Leave(kKey));
  EXPECT_EQ(Cached(cache, "k"), "");
  RecordCache::Ticket before;
  cache.Lookup(kKey, before);
  cache.Keep(before, kKey, "old", 1);
  EXPECT_EQ(Cached(cache, "k"), "");
  const std::string fresh = "new";
  cache.Enter(kKey, true, &fresh, 2);
  EXPECT_EQ(Cached(cache, "k"), "new");
  EXPECT_TRUE(cache.Leave(kKey));
  cache.Enter(kKey, true, nullptr, 3);
  EXPECT_EQ(Cached(cache, "k"), "");
}

// A slow reader must not bring back what was overwritten since it looked.
TEST(RecordCache, WhatWasReadBeforeAWriteIsNotKept) {
  RecordCache cache(1 << 20);
  RecordCache::Ticket before;
  EXPECT_FALSE(cache.Lookup(kKey, before));
  EXPECT_FALSE(cache.Leave(kKey));
  const std::string fresh = "new";
  cache.Enter(kKey, false, &fresh, 2);
  cache.Keep(before, kKey, "old", 1);
  EXPECT_EQ(Cached(cache, "k"), "");
}

// Two keys that share a hash: the second is not found, and never answers for the first.
TEST(RecordCache, KeysOfOneHashDoNotAnswerForEachOther) {
  RecordCache cache(1 << 20);
  PlacedKey twin(std::string("twin"));
  twin.hash = kKey.hash;
  Read(cache, "k", "mine");
  RecordCache::Ticket ticket;
  EXPECT_FALSE(cache.Lookup(twin, ticket));
  cache.Keep(ticket, twin, "other", 1);
  EXPECT_FALSE(cache.Lookup(twin, ticket));
  EXPECT_FALSE(cache.Leave(twin));
  const std::string fresh = "new";
  cache.Enter(twin, false, &fresh, 2);
  EXPECT_EQ(Cached(cache, "k"), "mine");
}

// Memory stays within its bounds whatever comes and goes, and what is asked for stays longest.
TEST(RecordCache, IsBoundedAndKeepsWhatIsUsed) {
  constexpr std::size_t kMost = 256 << 10;
  RecordCache cache(kMost);
  Read(cache, "hot", "hot");
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "cold" + std::to_string(i);
    Read(cache, key, std::string(300, 'x'));
    EXPECT_EQ(Cached(cache, "hot"), "hot") << i;
    if (i % 3 == 0) {
      EXPECT_TRUE(cache.Leave(PlacedKey(key)));
      cache.Enter(PlacedKey(key), true, nullptr, 2);
    }
    ASSERT_LE(cache.bytes(), kMost);
  }
  Read(cache, "large", std::string(1 << 20, 'x'));
  EXPECT_EQ(Cached(cache, "large"), "");
  RecordCache none(0);
  Read(none, "k", "v");
  EXPECT_EQ(none.bytes(), 0u);
}

// Readers that run beside a writer never see a key go back.
TEST(RecordCache, NobodySeesAKeyGoBack) {
  RecordCache cache(1 << 20);
  std::atomic<int> store{0};
  std::atomic<bool> done{false};
  const auto read = [&] {
    RecordCache::Ticket ticket;
    if (const auto found = cache.Lookup(kKey, ticket)) return std::stoi(*found->value);
    const int value = store.load();
    cache.Keep(ticket, kKey, std::to_string(value), 1);
    return value;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      for (int seen = 0; !done.load();) {
        const int now = read();
        ASSERT_GE(now, seen);
        seen = now;
      }
    });
  for (int i = 1; i <= 20'000; ++i) {
    const bool was_here = cache.Leave(kKey);
    store.store(i);
    const std::string value = std::to_string(i);
    cache.Enter(kKey, was_here, &value, 1);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(read(), 20'000);
}

}  // namespace
}  // namespace aloft::kv
