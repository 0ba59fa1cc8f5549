#include "platform/compute/fastfile/block_cache.h"

#include <algorithm>

namespace aloft::compute::fastfile {

BlockCache::BlockCache(Fetch fetch, std::vector<std::uint64_t> sizes, CacheOptions options)
    : fetch_(std::move(fetch)), sizes_(std::move(sizes)), options_(options), read_(sizes_.size(), false) {
  for (int i = 0; i < options_.fetchers; ++i) fetchers_.emplace_back([this] { Work(); });
}

std::uint64_t BlockCache::LengthOf(const Key& key) const {
  const auto& [leaf, block] = key;
  if (leaf >= sizes_.size() || block > sizes_[leaf] / options_.block_bytes) return 0;
  return std::min(options_.block_bytes, sizes_[leaf] - block * options_.block_bytes);
}

Result<Block> BlockCache::Get(std::size_t leaf, std::uint64_t block) {
  Key key(leaf, block);
  if (LengthOf(key) == 0) return Block(std::make_shared<const std::string>());
  std::unique_lock lock(mutex_);
  if (!read_[leaf]) {
    read_[leaf] = true;
    ++counts_.leaves_read;
  }
  EntryOf& slot = entries_[key];
  if (!slot) slot = std::make_shared<Entry>();
  EntryOf entry = slot;
  if (entry->state == Entry::State::kReady) {
    used_.splice(used_.end(), used_, entry->use);
    return entry->block;
  }
  if (entry->state == Entry::State::kWaiting && !entry->wanted) {
    entry->wanted = true;
    wanted_.push_back(key);  // where it stands in ahead_, too, the second one finds it begun
    work_.notify_one();
  }
  done_.wait(
      lock, [&] { return stopping_ || entry->state == Entry::State::kReady || entry->state == Entry::State::kFailed; });
  if (entry->state == Entry::State::kReady) return entry->block;
  if (entry->state == Entry::State::kFailed) return entry->error;
  return Fail(kCancelled, "stopped while data was read");
}

void BlockCache::Ahead(std::size_t leaf, std::uint64_t block) {
  Key key(leaf, block);
  if (LengthOf(key) == 0) return;
  std::lock_guard lock(mutex_);
  if (stopping_ || entries_.contains(key)) return;
  if (ahead_.size() >= options_.max_ahead) {
    auto dropped = entries_.find(ahead_.front());
    if (dropped != entries_.end() && dropped->second->state == Entry::State::kWaiting && !dropped->second->wanted)
      entries_.erase(dropped);
    ahead_.pop_front();
  }
  entries_.emplace(key, std::make_shared<Entry>());
  ahead_.push_back(key);
  work_.notify_one();
}

void BlockCache::MakeRoom(std::uint64_t bytes) {
  while (!used_.empty() && counts_.bytes_held + bytes > options_.max_bytes) {
    auto oldest = entries_.find(used_.front());
    counts_.bytes_held -= oldest->second->bytes;
    entries_.erase(oldest);
    used_.pop_front();
  }
}

void BlockCache::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return stopping_ || !wanted_.empty() || !ahead_.empty(); });
    if (stopping_) return;
    auto& queue = wanted_.empty() ? ahead_ : wanted_;
    Key key = queue.front();
    queue.pop_front();
    auto found = entries_.find(key);
    if (found == entries_.end() || found->second->state != Entry::State::kWaiting) continue;
    EntryOf entry = found->second;
    entry->state = Entry::State::kFetching;
    entry->bytes = LengthOf(key);
    MakeRoom(entry->bytes);
    counts_.bytes_held += entry->bytes;
    lock.unlock();
    auto fetched = fetch_(key.first, key.second * options_.block_bytes, entry->bytes);
    lock.lock();
    Finish(key, entry, std::move(fetched));
  }
}

void BlockCache::Finish(const Key& key, const EntryOf& entry, Result<std::string> fetched) {
  if (fetched.ok() && fetched->size() != entry->bytes) fetched = Fail(kCorrupt, "an object is shorter than it was");
  if (fetched.ok()) {
    counts_.bytes_fetched += entry->bytes;
    entry->block = std::make_shared<const std::string>(std::move(*fetched));
    entry->use = used_.insert(used_.end(), key);
    entry->state = Entry::State::kReady;
  } else {
    counts_.bytes_held -= entry->bytes;
    entry->error = std::move(fetched).error();
    entry->state = Entry::State::kFailed;
    entries_.erase(key);
  }
  done_.notify_all();
}

void BlockCache::Cancel() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  done_.notify_all();
}

void BlockCache::Stop() {
  Cancel();
  for (std::thread& fetcher : fetchers_)
    if (fetcher.joinable()) fetcher.join();
}

BlockCache::Counts BlockCache::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace aloft::compute::fastfile
