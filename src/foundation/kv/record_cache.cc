#include "foundation/kv/record_cache.h"

namespace aloft::kv {
namespace {

// Of what a slot costs beside its bytes: nodes of two containers, the key twice.
constexpr std::size_t kOverhead = 200;
// A larger record would drive out too many others, and costs little more in the store.
constexpr std::size_t kMostBytes = 16u << 10;
// What is larger is not copied by the writer in the hope of readers.
constexpr std::size_t kMostWritten = 1u << 10;

std::size_t Cost(const std::string& key, std::size_t value) {
  return kOverhead + 2 * key.size() + value;
}

}  // namespace

std::optional<RecordCache::Record> RecordCache::Lookup(const std::string& key, Ticket& ticket) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  ticket.epoch = shard.epoch;
  const auto found = shard.slots.find(key);
  if (found == shard.slots.end()) return std::nullopt;
  found->second.used = true;
  return found->second.record;
}

void RecordCache::Keep(const Ticket& ticket, const std::string& key, std::string_view value, Version version) {
  if (value.size() > kMostBytes) return;
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  if (ticket.epoch != shard.epoch || shard.leaving.contains(key)) return;
  Insert(shard, key, value, version);
}

void RecordCache::Leave(const std::string& key) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  bool& was_here = shard.leaving[key];
  const auto found = shard.slots.find(key);
  if (found == shard.slots.end()) return;
  was_here = true;
  shard.bytes -= Cost(key, found->second.record.value->size());
  shard.slots.erase(found);
}

void RecordCache::Enter(const std::string& key, const std::string* value, Version version) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto left = shard.leaving.find(key);
  if (left == shard.leaving.end()) return;
  const bool was_here = left->second;
  shard.leaving.erase(left);
  ++shard.epoch;
  if (was_here && value != nullptr && value->size() <= kMostWritten) Insert(shard, key, *value, version);
}

void RecordCache::Insert(Shard& shard, const std::string& key, std::string_view value, Version version) {
  const std::size_t cost = Cost(key, value.size());
  if (cost > most_per_shard_ || shard.slots.contains(key)) return;
  const auto slot_of = [&](const std::pair<std::uint64_t, std::string>& place) {
    const auto found = shard.slots.find(place.second);
    return found != shard.slots.end() && found->second.serial == place.first ? found : shard.slots.end();
  };
  // Whoever was asked for meanwhile stays for another round.
  while (shard.bytes + cost > most_per_shard_ && !shard.queue.empty()) {
    auto oldest = std::move(shard.queue.front());
    shard.queue.pop_front();
    const auto found = slot_of(oldest);
    if (found == shard.slots.end()) continue;
    if (found->second.used) {
      found->second.used = false;
      shard.queue.push_back(std::move(oldest));
      continue;
    }
    shard.bytes -= Cost(oldest.second, found->second.record.value->size());
    shard.slots.erase(found);
  }
  // The queue must not grow with those that left.
  if (shard.queue.size() > 2 * shard.slots.size() + 64)
    std::erase_if(shard.queue, [&](const auto& place) { return slot_of(place) == shard.slots.end(); });
  const std::uint64_t serial = ++shard.serial;
  shard.slots.emplace(key, Slot{{std::make_shared<const std::string>(value), version}, serial, false});
  shard.queue.emplace_back(serial, key);
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
