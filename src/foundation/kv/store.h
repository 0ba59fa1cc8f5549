// Ordered key-value records on RocksDB (one machine) or a PostgreSQL table (many).
//
// Keys are bytes, ordered as unsigned bytes inside a space. Every stored value has a version that grows with each write
// of its key and is never used again, not even after the key was deleted; a batch may expect versions and then applies
// whole or not at all. Apply returns after the batch is durable, and nobody reads it before that. Thread-safe; every
// call blocks for the disk or the database, so call on a pool thread.
//
//   kv::Batch batch;
//   batch.Expect("objects", key, found ? found->version : kv::kAbsent);
//   batch.Put("objects", key, value);
//   batch.Announce("objects.changed", key, record);
//   ALOFT_TRY(store.Apply(std::move(batch)));        // kVersionMismatch: read again and decide again
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "foundation/sql/outbox.h"

namespace aloft::kv {

using Version = std::uint64_t;
inline constexpr Version kAbsent = 0;
inline constexpr Reason kVersionMismatch{ErrorKind::kConflict, "VersionMismatch"};
// A write or a read met corruption or a failing disk: reads go on, writes are refused until the store is reopened.
inline constexpr Reason kStoreReadOnly{ErrorKind::kUnavailable, "StoreReadOnly"};

// What is larger is refused with kInvalidArgument, on every engine alike (PostgreSQL's index sets the first).
inline constexpr std::size_t kMaxKeyBytes = 2560;
inline constexpr std::size_t kMaxSpaceBytes = 64;
inline constexpr std::size_t kMaxValueBytes = 16u << 20;
inline constexpr std::size_t kMaxBatchBytes = 64u << 20;

struct Entry {
  std::string key;
  std::string value;
  Version version = kAbsent;
};

struct ScanRange {
  std::string from{};  // inclusive
  std::string to{};    // exclusive; empty: the end of the space
  std::size_t limit = 1000;
  std::size_t max_bytes = 8u << 20;  // of keys and values; a page has at least one entry
  bool reverse = false;              // from the end of the range
  bool keys_only = false;
};

struct ScanPage {
  std::vector<Entry> entries;
  bool more = false;  // the range goes on after the last entry
};

class Batch {
 public:
  struct Write {
    std::string space, key;
    std::optional<std::string> value;  // absent: delete
  };
  struct Expectation {
    std::string space, key;
    Version version;
  };
  struct Announcement {
    std::string topic, key, record;
  };

  void Put(std::string space, std::string key, std::string value) {
    writes.push_back({std::move(space), std::move(key), std::move(value)});
  }
  void Delete(std::string space, std::string key) {
    writes.push_back({std::move(space), std::move(key), std::nullopt});
  }
  void Expect(std::string space, std::string key, Version version) {
    expectations.push_back({std::move(space), std::move(key), version});
  }
  void Announce(std::string topic, std::string key, std::string record) {
    announcements.push_back({std::move(topic), std::move(key), std::move(record)});
  }

  std::vector<Write> writes;
  std::vector<Expectation> expectations;
  std::vector<Announcement> announcements;
};

enum class Engine { kMemory, kRocks, kPostgres };

struct Options {
  Engine engine = Engine::kRocks;
  std::string path;        // RocksDB: the directory
  std::string connection;  // PostgreSQL: a libpq connection string
  int connections = 8;
  bool read_only = false;  // RocksDB: look beside the process that has it open; what that one writes later is not seen
  std::size_t cache_bytes = 32u << 20;  // RocksDB: blocks read; memtables (1.5 of it), records (a quarter) on top
};

class Store {
 public:
  static Result<std::unique_ptr<Store>> Open(Options options, Log log);
  virtual ~Store() = default;

  virtual Result<std::optional<Entry>> Get(std::string_view space, std::string_view key) = 0;
  virtual Result<ScanPage> Scan(std::string_view space, const ScanRange& range) = 0;
  // The version that the batch's writes got. Of two writes of one key in a batch the last counts. Expectations are
  // about the store before the batch.
  virtual Result<Version> Apply(Batch batch) = 0;
  // For foundation/feed.
  virtual sql::Outbox& outbox() = 0;
};

}  // namespace aloft::kv
