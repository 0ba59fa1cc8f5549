// Records in memory, beside the store that holds them: a look-up costs a hash instead of a search through tables.
//
// Shows nothing that the store does not show to a reader at the same moment, if every write goes through it:
//
//   reader:  Lookup -> found, or a ticket; reads the store; Keep(ticket, ...)
//   writer:  Leave(key) for all its keys; writes the store; Enter(key, record) for all of them
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

  std::optional<Record> Lookup(const std::string& key, Ticket& ticket);
  void Keep(const Ticket& ticket, const std::string& key, std::string_view value, Version version);

  void Leave(const std::string& key);
  // `value` null: the key was deleted, or nobody knows. Keeps what was in the cache when it left, if it is small:
  // most keys that are written are not read soon. Nothing where the key did not leave.
  void Enter(const std::string& key, const std::string* value, Version version);

  std::size_t bytes() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Slot {
    Record record;
    std::uint64_t serial = 0;  // of its place in the queue
    bool used = false;         // since it was last at the head of the queue
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Slot> slots;
    std::deque<std::pair<std::uint64_t, std::string>> queue;  // the next to go first; some are gone already
    std::unordered_map<std::string, bool> leaving;            // between Leave and Enter; true: it was here
    std::uint64_t epoch = 0;                                  // moves with each Enter
    std::uint64_t serial = 0;
    std::size_t bytes = 0;
  };

  Shard& ShardOf(const std::string& key) { return shards_[std::hash<std::string>()(key) % kShards]; }
  void Insert(Shard& shard, const std::string& key, std::string_view value, Version version);

  const std::size_t most_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace aloft::kv
