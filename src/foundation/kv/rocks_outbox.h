// The outbox inside RocksDB. Private to the room.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <functional>
#include <mutex>

#include "foundation/base/clock.h"
#include "foundation/kv/store.h"

namespace aloft::kv {

class RocksOutbox final : public sql::Outbox {
 public:
  // `fail` turns RocksDB's status into ours and remembers what makes the store read-only. Both outlive the outbox.
  RocksOutbox(rocksdb::DB& db, std::function<Error(const rocksdb::Status&)> fail);

  // Reads what the outbox must know of itself; once, before anything else.
  Status Load();

  // For the one thread that commits: adds the announcements of the batch that made `version`.
  void Append(rocksdb::WriteBatch& into, Version version, const std::vector<Batch::Announcement>& announcements);
  // After that commit succeeded: `settled` is the last version that everybody may see.
  void Committed(Version settled, bool announced);

  Result<sql::OutboxPage> Read(const sql::OutboxPosition& after, std::string_view topic_prefix,
                               std::size_t limit) override;
  Result<sql::OutboxPosition> End() override;
  Result<std::uint64_t> Trim(const sql::OutboxRetention& retention) override;
  Result<sql::OutboxPosition> LoadCursor(std::string_view name) override;
  Status SaveCursor(std::string_view name, const sql::OutboxPosition& position) override;
  void SetWaker(std::function<void()> waker) override;

 private:
  rocksdb::DB& db_;
  std::function<Error(const rocksdb::Status&)> fail_;
  SystemClock clock_;
  std::uint64_t appended_end_ = 0;  // of the committing thread

  std::mutex mutex_;
  Version settled_ = kAbsent;
  std::uint64_t settled_end_ = 0;
  sql::OutboxPosition trimmed_;
  std::function<void()> waker_;
};

}  // namespace aloft::kv
