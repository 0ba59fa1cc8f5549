// Records in memory, beside the store that holds them: a look-up costs a hash instead of a search through tables.
//
// Shows nothing that the store does not show to a reader at the same moment, if every write goes through it:
//
//   reader:  Lookup -> found, or a ticket; reads the store; Keep(ticket, ...)
//   writer:  Leave(key) for each of its keys, once; writes the store; Enter(key, record) for all of them
//
// Between Leave and Enter a key is not in the cache, and what was read before Enter is not kept: so nobody finds the
// old record after somebody has found the new one. Thread-safe; one writer at a time. Private to the room.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "foundation/kv/placed_key.h"
#include "foundation/kv/store.h"

namespace aloft::kv {

class RecordCache {
 public:
  struct Record {
    std::shared_ptr<const std::string> value;
    Version version = kAbsent;
  };
  // What a miss returns: when it was.
  struct Ticket {
    std::uint64_t epoch = 0;
  };

  // `most_bytes`: of keys and values. Zero: keeps nothing.
  explicit RecordCache(std::size_t most_bytes) : most_per_shard_(most_bytes / kShards) {}

  std::optional<Record> Lookup(const PlacedKey& key, Ticket& ticket);
  void Keep(const Ticket& ticket, const PlacedKey& key, std::string_view value, Version version);

  // Whether it was here, which Enter is told.
  bool Leave(const PlacedKey& key);
  // `value` null: the key was deleted, or nobody knows. Keeps what was in the cache when it left, if it is small:
  // most keys that are written are not read soon.
  void Enter(const PlacedKey& key, bool was_here, const std::string* value, Version version);

  std::size_t bytes() const;

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kWindows = 64;
  struct Slot {
    std::string key;
    Record record;
    std::uint64_t serial = 0;  // of its place in the queue
    bool used = false;         // since it was last at the head of the queue
  };
  // Keys whose hashes fall together, as a reader's ticket knows them.
  struct Window {
    std::uint64_t epoch = 0;    // moves with each Enter
    std::uint32_t leaving = 0;  // between Leave and Enter
  };
  // Of two keys with one hash only the first is here: a cache may miss.
  struct Unhashed {
    std::size_t operator()(std::size_t hash) const noexcept { return hash; }
  };
  using Slots = std::unordered_map<std::size_t, Slot, Unhashed>;
  struct Shard {
    mutable std::mutex mutex;
    Slots slots;
    std::deque<std::pair<std::uint64_t, std::size_t>> queue;  // serial and hash; the next to go first; some are gone
    std::array<Window, kWindows> windows{};
    std::uint64_t serial = 0;
    std::size_t bytes = 0;
  };

  Shard& ShardOf(const PlacedKey& key) { return shards_[key.hash % kShards]; }
  static Window& WindowOf(Shard& shard, const PlacedKey& key) { return shard.windows[key.hash / kShards % kWindows]; }
  static Slots::iterator Find(Shard& shard, const PlacedKey& key);
  void Insert(Shard& shard, const PlacedKey& key, std::string_view value, Version version);

  const std::size_t most_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace aloft::kv
