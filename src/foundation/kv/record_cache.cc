#include "foundation/kv/record_cache.h"

namespace aloft::kv {
namespace {

// Of what a slot costs beside its bytes: a node, its place in the queue, the value's own block.
constexpr std::size_t kOverhead = 200;
// A larger record would drive out too many others, and costs little more in the store.
constexpr std::size_t kMostBytes = 16u << 10;
// What is larger is not copied by the writer in the hope of readers.
constexpr std::size_t kMostWritten = 1u << 10;

std::size_t Cost(const std::string& key, std::size_t value) {
  return kOverhead + key.size() + value;
}

}  // namespace

RecordCache::Slots::iterator RecordCache::Find(Shard& shard, const PlacedKey& key) {
  const auto found = shard.slots.find(key.hash);
  return found != shard.slots.end() && found->second.key == key.text ? found : shard.slots.end();
}

std::optional<RecordCache::Record> RecordCache::Lookup(const PlacedKey& key, Ticket& ticket) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  ticket.epoch = WindowOf(shard, key).epoch;
  const auto found = Find(shard, key);
  if (found == shard.slots.end()) return std::nullopt;
  found->second.used = true;
  return found->second.record;
}

void RecordCache::Keep(const Ticket& ticket, const PlacedKey& key, std::string_view value, Version version) {
  if (value.size() > kMostBytes) return;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const Window& window = WindowOf(shard, key);
  if (window.leaving != 0 || ticket.epoch != window.epoch) return;
  Insert(shard, key, value, version);
}

bool RecordCache::Leave(const PlacedKey& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  ++WindowOf(shard, key).leaving;
  const auto found = Find(shard, key);
  if (found == shard.slots.end()) return false;
  shard.bytes -= Cost(key.text, found->second.record.value->size());
  shard.slots.erase(found);
  return true;
}

void RecordCache::Enter(const PlacedKey& key, bool was_here, const std::string* value, Version version) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  Window& window = WindowOf(shard, key);
  --window.leaving;
  ++window.epoch;
  if (was_here && value != nullptr && value->size() <= kMostWritten) Insert(shard, key, *value, version);
}

void RecordCache::Insert(Shard& shard, const PlacedKey& key, std::string_view value, Version version) {
  const std::size_t cost = Cost(key.text, value.size());
  if (cost > most_per_shard_ || shard.slots.contains(key.hash)) return;
  const auto slot_of = [&](const std::pair<std::uint64_t, std::size_t>& place) {
    const auto found = shard.slots.find(place.second);
    return found != shard.slots.end() && found->second.serial == place.first ? found : shard.slots.end();
  };
  // Whoever was asked for meanwhile stays for another round.
  while (shard.bytes + cost > most_per_shard_ && !shard.queue.empty()) {
    const auto oldest = shard.queue.front();
    shard.queue.pop_front();
    const auto found = slot_of(oldest);
    if (found == shard.slots.end()) continue;
    if (found->second.used) {
      found->second.used = false;
      shard.queue.push_back(oldest);
      continue;
    }
    shard.bytes -= Cost(found->second.key, found->second.record.value->size());
    shard.slots.erase(found);
  }
  // The queue must not grow with those that left.
  if (shard.queue.size() > 2 * shard.slots.size() + 64)
    std::erase_if(shard.queue, [&](const auto& place) { return slot_of(place) == shard.slots.end(); });
  const std::uint64_t serial = ++shard.serial;
  shard.slots.emplace(key.hash, Slot{key.text, {std::make_shared<const std::string>(value), version}, serial, false});
  shard.queue.emplace_back(serial, key.hash);
  shard.bytes += cost;
}

std::size_t RecordCache::bytes() const {
  std::size_t all = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all += shard.bytes;
  }
  return all;
}

}  // namespace aloft::kv
