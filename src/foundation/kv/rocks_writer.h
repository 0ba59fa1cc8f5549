// The one way into RocksDB. Writers form groups: the first in the queue commits for all that wait behind it, so many
// batches share one fsync, expectations are checked in one order, and versions and announcements appear in the order of
// commit. Private to the room.
#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "foundation/kv/commit_thread.h"
#include "foundation/kv/placed_key.h"
#include "foundation/kv/record_cache.h"
#include "foundation/kv/rocks_health.h"
#include "foundation/kv/rocks_outbox.h"
#include "foundation/kv/store.h"
#include "foundation/sql/commit_queue.h"

namespace aloft::kv {

class RocksWriter {
 public:
  // The version that a record has now, kAbsent without one.
  using VersionOf = std::function<Result<Version>(const PlacedKey& key)>;

  // `last`: the last version that was given out. What is passed outlives the writer.
  RocksWriter(rocksdb::DB& db, RocksOutbox& outbox, RecordCache& cache, RocksHealth& health, VersionOf version_of,
              Version last);

  // Both thread-safe, as Store and SoonApplier say.
  Result<Version> Apply(Batch batch);
  void ApplySoon(Batch batch, std::function<void(Result<Version>)> done);

  // Commits what was given, and ends. Not while others give.
  void Stop() { commit_thread_.Stop(); }

 private:
  struct Pending {
    Batch batch;
    std::vector<PlacedKey> keys;  // of its expectations, which held of a state as new as `seen`
    Version seen = kAbsent;
    std::vector<PlacedKey> places;  // of its writes
    std::size_t weight = 0;
    std::optional<Error> error;
    Version version = kAbsent;
    std::function<void(Result<Version>)> done{};  // where nobody waits
  };

  // The batches of one caller: its own, or those that the commit thread gathered.
  struct Ticket : sql::CommitQueue::Ticket {
    std::span<Pending* const> batches;
  };

  struct Written {
    const PlacedKey& key;      // of `changed_`
    const std::string* value;  // null: deleted
    Version version;
    bool was_cached = false;
  };
  struct Changed {
    Version version = kAbsent;
    std::size_t written = 0;  // its place among the writes of its group
  };

  Status Look(Pending& pending);
  Status CommitAll(std::span<Pending* const> batches);
  void CommitGroup(std::span<const std::unique_ptr<Pending>> group);
  void Commit(std::span<sql::CommitQueue::Ticket* const> tickets);
  std::optional<Error> Check(const Pending& pending);
  void Add(Pending& pending, std::size_t index, rocksdb::WriteBatch& batch, std::vector<Written>& written);
  Status Write(rocksdb::WriteBatch& batch);

  rocksdb::DB& db_;
  RocksOutbox& outbox_;
  RecordCache& cache_;
  RocksHealth& health_;
  const VersionOf version_of_;
  std::atomic<Version> committed_;  // everything up to this one can be read
  // The leader's: the last version, and every key changed after version `changed_since_`.
  Version last_version_;
  Version changed_since_;
  std::unordered_map<PlacedKey, Changed, HashOfPlaced> changed_;
  sql::CommitQueue queue_;
  CommitThread<Pending> commit_thread_;
};

}  // namespace aloft::kv
