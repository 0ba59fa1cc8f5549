// The outbox as tables, alike on both engines: docs/formats/feed.md. For the storage rooms.
#pragma once

#include <functional>
#include <mutex>

#include "foundation/base/clock.h"
#include "foundation/sql/database.h"

namespace aloft::sql {

// The names of the sql room's own tables begin with this; another room on the same PostgreSQL has its own.
inline constexpr std::string_view kOutboxPrefix = "aloft";

// The statements that make the tables, for a migration.
std::vector<std::string> OutboxSchema(std::string_view prefix);

// On PostgreSQL an announcement is settled once its transaction's id is below every running one; on SQLite at its
// commit, because one connection writes.
class SqlOutbox final : public Outbox {
 public:
  explicit SqlOutbox(Database& database, std::string_view prefix = kOutboxPrefix);

  // Calls the waker.
  void Wake();

  Result<OutboxPage> Read(const OutboxPosition& after, std::string_view topic_prefix, std::size_t limit) override;
  Result<OutboxPosition> End() override;
  Result<std::uint64_t> Trim(const OutboxRetention& retention) override;
  Result<OutboxPosition> LoadCursor(std::string_view name) override;
  Status SaveCursor(std::string_view name, const OutboxPosition& position) override;
  void SetWaker(std::function<void()> waker) override;

 private:
  struct Place;
  struct Statements {
    std::string trimmed, last, read, total, oldest, forget, remember, load, save;
  };

  Result<Place> Trimmed(Reader& reader) const;
  Result<Place> Settled(Reader& reader) const;

  Database& database_;
  const Statements statements_;
  std::mutex mutex_;
  std::function<void()> waker_;
};

// Writes one announcement of the sql room. `seq` orders those of one transaction, on SQLite all.
Status InsertAnnouncement(Transaction& transaction, Engine engine, std::int64_t seq, Time at, std::string_view topic,
                          std::string_view key, std::string_view record);

// SQLite: the greatest `seq` that the sql room ever used.
Result<std::int64_t> LastSequence(Reader& reader);

}  // namespace aloft::sql
