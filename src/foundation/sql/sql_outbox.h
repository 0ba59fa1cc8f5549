// The outbox as a table, alike on both engines: docs/formats/feed.md. Private to the room.
#pragma once

#include <functional>
#include <mutex>

#include "foundation/base/clock.h"
#include "foundation/sql/database.h"

namespace aloft::sql {

// On PostgreSQL an announcement is settled once its transaction's id is below every running one; on SQLite at its
// commit, because one connection writes.
class SqlOutbox final : public Outbox {
 public:
  explicit SqlOutbox(Database& database) : database_(database) {}

  // Calls the waker.
  void Wake();

  Result<OutboxPage> Read(const OutboxPosition& after, std::string_view topic_prefix, std::size_t limit) override;
  Result<OutboxPosition> End() override;
  Result<std::uint64_t> Trim(const OutboxRetention& retention) override;
  Result<OutboxPosition> LoadCursor(std::string_view name) override;
  Status SaveCursor(std::string_view name, const OutboxPosition& position) override;
  void SetWaker(std::function<void()> waker) override;

 private:
  Database& database_;
  std::mutex mutex_;
  std::function<void()> waker_;
};

// Writes one announcement. `seq` orders those of one transaction, on SQLite all.
Status InsertAnnouncement(Transaction& transaction, Engine engine, std::int64_t seq, Time at, std::string_view topic,
                          std::string_view key, std::string_view record);

// SQLite: the greatest `seq` ever used.
Result<std::int64_t> LastSequence(Reader& reader);

}  // namespace aloft::sql
