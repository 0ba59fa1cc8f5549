#include "foundation/sql/sql_outbox.h"

#include <limits>

namespace aloft::sql {
namespace {

constexpr std::int64_t kMaxRows = 256;
constexpr std::int64_t kMaxTrimmed = 1000;

struct Place {
  std::int64_t xid = -1;
  std::int64_t seq = -1;
  friend auto operator<=>(const Place&, const Place&) = default;
};

void AppendNumber(std::string& out, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

OutboxPosition Encode(Place place) {
  if (place == Place{}) return {};
  OutboxPosition out;
  AppendNumber(out, place.xid);
  AppendNumber(out, place.seq);
  return out;
}

Result<Place> Decode(const OutboxPosition& position) {
  if (position.empty()) return Place{};
  if (position.size() != 16) return Fail(kInvalidArgument, "This is not a position of an outbox.");
  std::uint64_t numbers[2] = {0, 0};
  for (std::size_t i = 0; i < 16; ++i) numbers[i / 8] = numbers[i / 8] << 8 | static_cast<unsigned char>(position[i]);
  return Place{static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1])};
}

Result<Place> Trimmed(Reader& reader) {
  ALOFT_ASSIGN(Rows rows, reader.Query("SELECT xid, seq FROM aloft_outbox_trimmed WHERE only_row = 1"));
  if (rows.empty()) return Place{};
  return Place{rows[0].Int(0), rows[0].Int(1)};
}

// The last place at which something can be settled now.
Result<Place> Settled(Reader& reader, Engine engine) {
  if (engine == Engine::kPostgres) {
    ALOFT_ASSIGN(Rows rows, reader.Query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"));
    return Place{rows.at(0).Int(0) - 1, std::numeric_limits<std::int64_t>::max()};
  }
  ALOFT_ASSIGN(std::int64_t last, LastSequence(reader));
  return last == 0 ? Place{} : Place{0, last};
}

// The first text after all texts that begin with `prefix`. Topics are ASCII.
std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  if (end.empty()) return "\x7f";
  ++end.back();
  return end;
}

}  // namespace

Status InsertAnnouncement(Transaction& transaction, Engine engine, std::int64_t seq, Time at, std::string_view topic,
                          std::string_view key, std::string_view record) {
  static constexpr std::string_view kSqlite =
      "INSERT INTO aloft_outbox (xid, seq, at, topic, key, record, bytes) VALUES (0, $1, $2, $3, $4, $5, $6)";
  static constexpr std::string_view kPostgres =
      "INSERT INTO aloft_outbox (xid, seq, at, topic, key, record, bytes) "
      "VALUES (pg_current_xact_id()::text::bigint, $1, $2, $3, $4, $5, $6)";
  auto bytes = static_cast<std::int64_t>(topic.size() + key.size() + record.size() + 64);
  ALOFT_TRY(transaction.Execute(
      engine == Engine::kPostgres ? kPostgres : kSqlite,
      {seq, ToMicros(at), std::string(topic), std::string(key), Bytes{std::string(record)}, bytes}));
  return {};
}

Result<std::int64_t> LastSequence(Reader& reader) {
  ALOFT_ASSIGN(Rows rows, reader.Query("SELECT seq FROM aloft_outbox ORDER BY xid DESC, seq DESC LIMIT 1"));
  if (!rows.empty()) return rows[0].Int(0);
  ALOFT_ASSIGN(Place trimmed, Trimmed(reader));
  return std::max<std::int64_t>(trimmed.seq, 0);
}

void SqlOutbox::Wake() {
  std::lock_guard lock(mutex_);
  if (waker_) waker_();
}

Result<OutboxPage> SqlOutbox::Read(const OutboxPosition& after, std::string_view topic_prefix, std::size_t limit) {
  ALOFT_ASSIGN(Place from, Decode(after));
  auto count = std::min<std::int64_t>(kMaxRows, static_cast<std::int64_t>(limit));
  return database_.Read([&](Reader& reader) -> Result<OutboxPage> {
    ALOFT_ASSIGN(Place trimmed, Trimmed(reader));
    if (from < trimmed) return Fail(kCursorExpired, "The announcements after this cursor are forgotten.");
    ALOFT_ASSIGN(Place settled, Settled(reader, database_.engine()));
    OutboxPage page;
    page.next = after;
    if (settled <= from) return page;
    ALOFT_ASSIGN(Rows rows, reader.Query("SELECT xid, seq, at, topic, key, record FROM aloft_outbox "
                                         "WHERE (xid, seq) > ($1, $2) AND xid <= $3 AND topic >= $4 AND topic < $5 "
                                         "ORDER BY xid, seq LIMIT $6",
                                         {from.xid, from.seq, settled.xid, std::string(topic_prefix),
                                          PrefixEnd(topic_prefix), count + 1}));
    page.more = static_cast<std::int64_t>(rows.size()) > count;
    if (page.more) rows.pop_back();
    for (const Row& row : rows) {
      page.next = Encode({row.Int(0), row.Int(1)});
      page.entries.push_back({page.next, FromMicros(row.Int(2)), row.Text(3), row.Text(4), row.Blob(5)});
    }
    if (!page.more) page.next = Encode(settled);
    return page;
  });
}

Result<OutboxPosition> SqlOutbox::End() {
  return database_.Read([&](Reader& reader) -> Result<OutboxPosition> {
    ALOFT_ASSIGN(Place settled, Settled(reader, database_.engine()));
    return Encode(settled);
  });
}

Result<std::uint64_t> SqlOutbox::Trim(const OutboxRetention& retention) {
  // Most calls find nothing to do: look before taking a turn as a writer.
  using Cut = std::optional<std::pair<Place, std::uint64_t>>;
  ALOFT_ASSIGN(Cut cut, database_.Read([&](Reader& reader) -> Result<Cut> {
    ALOFT_ASSIGN(Place settled, Settled(reader, database_.engine()));
    ALOFT_ASSIGN(Rows total, reader.Query("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM aloft_outbox"));
    auto bytes = static_cast<std::uint64_t>(total.at(0).Int(0));
    ALOFT_ASSIGN(Rows rows, reader.Query("SELECT xid, seq, at, bytes FROM aloft_outbox WHERE xid <= $1 "
                                         "ORDER BY xid, seq LIMIT $2",
                                         {settled.xid, kMaxTrimmed}));
    Cut found;
    std::uint64_t count = 0;
    for (const Row& row : rows) {
      if (FromMicros(row.Int(2)) >= retention.older_than && bytes <= retention.max_bytes) break;
      bytes -= static_cast<std::uint64_t>(row.Int(3));
      found = {{row.Int(0), row.Int(1)}, ++count};
    }
    return found;
  }));
  if (!cut) return std::uint64_t{0};
  Place place = cut->first;
  ALOFT_TRY(database_.Write([&](Transaction& transaction) -> Status {
    ALOFT_TRY(transaction.Execute("DELETE FROM aloft_outbox WHERE (xid, seq) <= ($1, $2)", {place.xid, place.seq}));
    ALOFT_TRY(transaction.Execute(
        "INSERT INTO aloft_outbox_trimmed (only_row, xid, seq) VALUES (1, $1, $2) ON CONFLICT (only_row) "
        "DO UPDATE SET xid = excluded.xid, seq = excluded.seq "
        "WHERE (aloft_outbox_trimmed.xid, aloft_outbox_trimmed.seq) < (excluded.xid, excluded.seq)",
        {place.xid, place.seq}));
    return {};
  }));
  return cut->second;
}

Result<OutboxPosition> SqlOutbox::LoadCursor(std::string_view name) {
  return database_.Read([&](Reader& reader) -> Result<OutboxPosition> {
    ALOFT_ASSIGN(Rows rows, reader.Query("SELECT position FROM aloft_cursors WHERE name = $1", {std::string(name)}));
    return rows.empty() ? OutboxPosition() : rows[0].Blob(0);
  });
}

Status SqlOutbox::SaveCursor(std::string_view name, const OutboxPosition& position) {
  return database_.Write([&](Transaction& transaction) -> Status {
    ALOFT_TRY(
        transaction.Execute("INSERT INTO aloft_cursors (name, position) VALUES ($1, $2) "
                            "ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                            {std::string(name), Bytes{position}}));
    return {};
  });
}

void SqlOutbox::SetWaker(std::function<void()> waker) {
  std::lock_guard lock(mutex_);
  waker_ = std::move(waker);
}

}  // namespace aloft::sql
