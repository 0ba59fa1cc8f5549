// Blocks of objects in bounded memory: fetched when they are wanted, or ahead of that.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/result.h"

namespace aloft::compute::fastfile {

// Bytes [offset, offset + length) of a leaf: exactly so many, or an error. Called on several threads.
using Fetch = std::function<Result<std::string>(std::size_t leaf, std::uint64_t offset, std::uint64_t length)>;
using Block = std::shared_ptr<const std::string>;

struct CacheOptions {
  std::uint64_t block_bytes = 1u << 20;
  std::uint64_t max_bytes = 96u << 20;  // of blocks that are kept or on their way; what readers hold comes on top
  int fetchers = 6;
  std::size_t max_ahead = 64;  // blocks that wait to be read ahead; of more the oldest are dropped
};

class BlockCache {
 public:
  BlockCache(Fetch fetch, std::vector<std::uint64_t> sizes, CacheOptions options);
  ~BlockCache() { Stop(); }

  // Waits until the block is there. The fetch's error (a later call tries anew); kCancelled after Stop.
  Result<Block> Get(std::size_t leaf, std::uint64_t block);
  // Has it fetched when nothing else is wanted; a block past the end is none.
  void Ahead(std::size_t leaf, std::uint64_t block);
  // Everyone who waits, and who comes, gets kCancelled.
  void Cancel();
  void Stop();  // and joins the fetchers

  std::uint64_t block_bytes() const { return options_.block_bytes; }
  struct Counts {
    std::uint64_t bytes_fetched = 0;
    std::uint64_t bytes_held = 0;
    std::size_t leaves_read = 0;  // of which anything was asked by Get
  };
  Counts counts() const;

 private:
  using Key = std::pair<std::size_t, std::uint64_t>;
  struct Entry {
    enum class State { kWaiting, kFetching, kReady, kFailed } state = State::kWaiting;
    bool wanted = false;  // by a Get: not only ahead
    std::uint64_t bytes = 0;
    Block block{};
    Error error{};
    std::list<Key>::iterator use{};  // with kReady
  };
  using EntryOf = std::shared_ptr<Entry>;

  std::uint64_t LengthOf(const Key& key) const;
  void Work();
  void MakeRoom(std::uint64_t bytes);
  void Finish(const Key& key, const EntryOf& entry, Result<std::string> fetched);

  const Fetch fetch_;
  const std::vector<std::uint64_t> sizes_;
  const CacheOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  bool stopping_ = false;
  std::map<Key, EntryOf> entries_;
  std::deque<Key> wanted_, ahead_;
  std::list<Key> used_;  // ready ones, the longest unused first
  std::vector<bool> read_;
  Counts counts_;
  std::vector<std::thread> fetchers_;
};

}  // namespace aloft::compute::fastfile
