// Whether an open RocksDB still takes writes, and what its errors mean to callers. Thread-safe. Private to the room.
#pragma once

#include <rocksdb/status.h>

#include <atomic>
#include <string>

#include "foundation/base/log.h"
#include "foundation/base/result.h"

namespace aloft::kv {

class RocksHealth {
 public:
  RocksHealth(Log log, std::string path) : log_(std::move(log)), path_(std::move(path)) {}

  // kDiskFull passes. Anything else is taken for a failing disk: no write is accepted before the store is opened anew.
  Error Failed(const rocksdb::Status& status);

  // kStoreReadOnly after a failure, kDiskFull where less is free than the store keeps for itself.
  Status TakesWrites() const;

  void SetReadOnly() { read_only_ = true; }

 private:
  bool HasRoom() const;

  Log log_;
  const std::string path_;
  std::atomic<bool> read_only_{false};
};

}  // namespace aloft::kv
