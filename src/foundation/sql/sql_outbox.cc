#include "foundation/sql/sql_outbox.h"

#include <limits>

namespace aloft::sql {
namespace {

constexpr std::int64_t kMaxRows = 256;
constexpr std::int64_t kMaxTrimmed = 1000;

void AppendNumber(std::string& out, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

// `text` with each @ replaced by the prefix of the tables.
std::string Named(std::string_view prefix, std::string_view text) {
  std::string out;
  for (char c : text) c == '@' ? out.append(prefix) : out.append(1, c);
  return out;
}

constexpr std::string_view kTrimmed = "SELECT xid, seq FROM @_outbox_trimmed WHERE only_row = 1";
constexpr std::string_view kLast = "SELECT seq FROM @_outbox ORDER BY xid DESC, seq DESC LIMIT 1";

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
      {seq, ToMicros(at), std::string(topic), Bytes{std::string(key)}, Bytes{std::string(record)}, bytes}));
  return {};
}

Result<std::int64_t> LastSequence(Reader& reader) {
  ALOFT_ASSIGN(Rows rows, reader.Query(Named(kOutboxPrefix, kLast)));
  if (!rows.empty()) return rows[0].Int(0);
  ALOFT_ASSIGN(Rows trimmed, reader.Query(Named(kOutboxPrefix, kTrimmed)));
  return trimmed.empty() ? 0 : trimmed[0].Int(1);
}

struct SqlOutbox::Place {
  std::int64_t xid = -1;
  std::int64_t seq = -1;
  friend auto operator<=>(const Place&, const Place&) = default;

  OutboxPosition Encode() const {
    if (*this == Place{}) return {};
    OutboxPosition out;
    AppendNumber(out, xid);
    AppendNumber(out, seq);
    return out;
  }

  static Result<Place> Decode(const OutboxPosition& position) {
    if (position.empty()) return Place{};
    if (position.size() != 16) return Fail(kInvalidArgument, "This is not a position of an outbox.");
    std::uint64_t numbers[2] = {0, 0};
    for (std::size_t i = 0; i < 16; ++i) numbers[i / 8] = numbers[i / 8] << 8 | static_cast<unsigned char>(position[i]);
    return Place{static_cast<std::int64_t>(numbers[0]), static_cast<std::int64_t>(numbers[1])};
  }
};

SqlOutbox::SqlOutbox(Database& database, std::string_view prefix)
    : database_(database),
      statements_{
          .trimmed = Named(prefix, kTrimmed),
          .last = Named(prefix, kLast),
          .read = Named(prefix,
                        "SELECT xid, seq, at, topic, key, record FROM @_outbox WHERE (xid, seq) > ($1, $2) AND "
                        "xid <= $3 AND topic >= $4 AND topic < $5 ORDER BY xid, seq LIMIT $6"),
          .total = Named(prefix, "SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM @_outbox"),
          .oldest =
              Named(prefix, "SELECT xid, seq, at, bytes FROM @_outbox WHERE xid <= $1 ORDER BY xid, seq LIMIT $2"),
          .forget = Named(prefix, "DELETE FROM @_outbox WHERE (xid, seq) <= ($1, $2)"),
          .remember = Named(prefix,
                            "INSERT INTO @_outbox_trimmed (only_row, xid, seq) VALUES (1, $1, $2) "
                            "ON CONFLICT (only_row) DO UPDATE SET xid = excluded.xid, seq = excluded.seq WHERE "
                            "(@_outbox_trimmed.xid, @_outbox_trimmed.seq) < (excluded.xid, excluded.seq)"),
          .load = Named(prefix, "SELECT position FROM @_cursors WHERE name = $1"),
          .save = Named(prefix,
                        "INSERT INTO @_cursors (name, position) VALUES ($1, $2) "
                        "ON CONFLICT (name) DO UPDATE SET position = excluded.position"),
      } {}

std::vector<std::string> OutboxSchema(std::string_view prefix) {
  // `xid` is PostgreSQL's transaction, by which readers tell what is settled; 0 on SQLite.
  return {
      Named(prefix,
            "CREATE TABLE @_outbox (xid INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, "
            "topic TEXT NOT NULL, key BLOB NOT NULL, record BLOB NOT NULL, bytes INTEGER NOT NULL, "
            "PRIMARY KEY (xid, seq)) WITHOUT ROWID"),
      Named(prefix,
            "CREATE TABLE @_outbox_trimmed (only_row INTEGER PRIMARY KEY, xid INTEGER NOT NULL, seq INTEGER NOT NULL)"),
      Named(prefix, "CREATE TABLE @_cursors (name TEXT PRIMARY KEY, position BLOB NOT NULL)"),
  };
}

Result<SqlOutbox::Place> SqlOutbox::Trimmed(Reader& reader) const {
  ALOFT_ASSIGN(Rows rows, reader.Query(statements_.trimmed));
  if (rows.empty()) return Place{};
  return Place{rows[0].Int(0), rows[0].Int(1)};
}

// The last place at which something can be settled now.
Result<SqlOutbox::Place> SqlOutbox::Settled(Reader& reader) const {
  if (database_.engine() == Engine::kPostgres) {
    ALOFT_ASSIGN(Rows rows, reader.Query("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"));
    return Place{rows.at(0).Int(0) - 1, std::numeric_limits<std::int64_t>::max()};
  }
  ALOFT_ASSIGN(Rows rows, reader.Query(statements_.last));
  if (!rows.empty()) return Place{0, rows[0].Int(0)};
  return Trimmed(reader);
}

void SqlOutbox::Wake() {
  std::lock_guard lock(mutex_);
  if (waker_) waker_();
}

Result<OutboxPage> SqlOutbox::Read(const OutboxPosition& after, std::string_view topic_prefix, std::size_t limit) {
  ALOFT_ASSIGN(Place from, Place::Decode(after));
  auto count = std::min<std::int64_t>(kMaxRows, static_cast<std::int64_t>(limit));
  return database_.Read([&](Reader& reader) -> Result<OutboxPage> {
    ALOFT_ASSIGN(Place trimmed, Trimmed(reader));
    if (from < trimmed) return Fail(kCursorExpired, "The announcements after this cursor are forgotten.");
    ALOFT_ASSIGN(Place settled, Settled(reader));
    OutboxPage page;
    page.next = after;
    if (settled <= from) return page;
    ALOFT_ASSIGN(Rows rows, reader.Query(statements_.read, {from.xid, from.seq, settled.xid, std::string(topic_prefix),
                                                            PrefixEnd(topic_prefix), count + 1}));
    page.more = static_cast<std::int64_t>(rows.size()) > count;
    if (page.more) rows.pop_back();
    for (const Row& row : rows) {
      page.next = Place{row.Int(0), row.Int(1)}.Encode();
      page.entries.push_back({page.next, FromMicros(row.Int(2)), row.Text(3), row.Blob(4), row.Blob(5)});
    }
    if (!page.more) page.next = settled.Encode();
    return page;
  });
}

Result<OutboxPosition> SqlOutbox::End() {
  return database_.Read([&](Reader& reader) -> Result<OutboxPosition> {
    ALOFT_ASSIGN(Place settled, Settled(reader));
    return settled.Encode();
  });
}

Result<std::uint64_t> SqlOutbox::Trim(const OutboxRetention& retention) {
  // Most calls find nothing to do: look before taking a turn as a writer.
  using Cut = std::optional<std::pair<Place, std::uint64_t>>;
  ALOFT_ASSIGN(Cut cut, database_.Read([&](Reader& reader) -> Result<Cut> {
    ALOFT_ASSIGN(Place settled, Settled(reader));
    ALOFT_ASSIGN(Rows total, reader.Query(statements_.total));
    auto bytes = static_cast<std::uint64_t>(total.at(0).Int(0));
    ALOFT_ASSIGN(Rows rows, reader.Query(statements_.oldest, {settled.xid, kMaxTrimmed}));
    Cut found;
    std::uint64_t count = 0;
    for (const Row& row : rows) {
      if (FromMicros(row.Int(2)) >= retention.older_than && bytes <= retention.max_bytes) break;
      bytes -= static_cast<std::uint64_t>(row.Int(3));
      found = {Place{row.Int(0), row.Int(1)}, ++count};
    }
    return found;
  }));
  if (!cut) return std::uint64_t{0};
  Place place = cut->first;
  ALOFT_TRY(database_.Write([&](Transaction& transaction) -> Status {
    ALOFT_TRY(transaction.Execute(statements_.forget, {place.xid, place.seq}));
    ALOFT_TRY(transaction.Execute(statements_.remember, {place.xid, place.seq}));
    return {};
  }));
  return cut->second;
}

Result<OutboxPosition> SqlOutbox::LoadCursor(std::string_view name) {
  return database_.Read([&](Reader& reader) -> Result<OutboxPosition> {
    ALOFT_ASSIGN(Rows rows, reader.Query(statements_.load, {std::string(name)}));
    return rows.empty() ? OutboxPosition() : rows[0].Blob(0);
  });
}

Status SqlOutbox::SaveCursor(std::string_view name, const OutboxPosition& position) {
  return database_.Write([&](Transaction& transaction) -> Status {
    ALOFT_TRY(transaction.Execute(statements_.save, {std::string(name), Bytes{position}}));
    return {};
  });
}

void SqlOutbox::SetWaker(std::function<void()> waker) {
  std::lock_guard lock(mutex_);
  waker_ = std::move(waker);
}

}  // namespace aloft::sql
