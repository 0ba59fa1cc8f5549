#include "foundation/kv/record_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace aloft::kv {
namespace {

std::string Cached(RecordCache& cache, const std::string& key) {
  RecordCache::Ticket ticket;
  const auto found = cache.Lookup(key, ticket);
  return found ? *found->value : "";
}

void Read(RecordCache& cache, const std::string& key, const std::string& value) {
  RecordCache::Ticket ticket;
  EXPECT_FALSE(cache.Lookup(key, ticket));
  cache.Keep(ticket, key, value, 1);
}

// While a key is written nobody knows which record a reader of the store finds, so none is kept; afterwards the new one
// is there at once, where the old one was.
TEST(RecordCache, AKeyThatIsWrittenIsNotThere) {
  RecordCache cache(1 << 20);
  Read(cache, "k", "old");
  EXPECT_EQ(Cached(cache, "k"), "old");
  cache.Leave("k");
  EXPECT_EQ(Cached(cache, "k"), "");
  RecordCache::Ticket before;
  cache.Lookup("k", before);
  cache.Keep(before, "k", "old", 1);
  EXPECT_EQ(Cached(cache, "k"), "");
  const std::string fresh = "new";
  cache.Enter("k", &fresh, 2);
  EXPECT_EQ(Cached(cache, "k"), "new");
  cache.Leave("k");
  cache.Enter("k", nullptr, 3);
  EXPECT_EQ(Cached(cache, "k"), "");
}

// A slow reader must not bring back what was overwritten since it looked.
TEST(RecordCache, WhatWasReadBeforeAWriteIsNotKept) {
  RecordCache cache(1 << 20);
  RecordCache::Ticket before;
  EXPECT_FALSE(cache.Lookup("k", before));
  cache.Leave("k");
  const std::string fresh = "new";
  cache.Enter("k", &fresh, 2);
  cache.Keep(before, "k", "old", 1);
  EXPECT_EQ(Cached(cache, "k"), "");
}

// Two writes of one key in a group: the last one counts, whatever is told of the first.
TEST(RecordCache, TheLastOfSeveralWritesEntersFirst) {
  RecordCache cache(1 << 20);
  Read(cache, "k", "old");
  cache.Leave("k");
  cache.Leave("k");
  const std::string first = "first", last = "last";
  cache.Enter("k", &last, 3);
  cache.Enter("k", &first, 2);
  EXPECT_EQ(Cached(cache, "k"), "last");
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
      cache.Leave(key);
      cache.Enter(key, nullptr, 2);
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
    if (const auto found = cache.Lookup("k", ticket)) return std::stoi(*found->value);
    const int value = store.load();
    cache.Keep(ticket, "k", std::to_string(value), 1);
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
    cache.Leave("k");
    store.store(i);
    const std::string value = std::to_string(i);
    cache.Enter("k", &value, 1);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(read(), 20'000);
}

}  // namespace
}  // namespace aloft::kv
