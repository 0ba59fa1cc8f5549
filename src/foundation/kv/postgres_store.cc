// PostgreSQL: one table, and one function that applies a batch in a single round trip: docs/formats/kv.md.
#include <map>
#include <set>

#include "foundation/base/fault_point.h"
#include "foundation/kv/engines.h"
#include "foundation/sql/postgres_connection.h"
#include "foundation/sql/sql_outbox.h"

namespace aloft::kv {
namespace {

constexpr std::string_view kPrefix = "aloft_kv";
// Keys share this many locks, so that a batch of any size holds a bounded number of them.
constexpr std::uint64_t kStripes = 512;
constexpr int kMaxReconnects = 2;

std::vector<sql::Migration> Schema() {
  std::vector<std::string> statements = sql::OutboxSchema(kPrefix);
  statements.push_back(
      "CREATE TABLE aloft_kv (space TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, version INTEGER NOT NULL, "
      "PRIMARY KEY (space, key))");
  // Never goes back, not even after a crash: a version is not given out twice.
  statements.push_back("CREATE SEQUENCE aloft_kv_version");
  // The locks come first, in one order for everybody: so expectations hold until the commit, no two batches wait for
  // each other, and transaction ids, versions and announcements of a key have the order of its commits.
  statements.push_back(
      "CREATE FUNCTION aloft_kv_apply(locks bigint[], exclusive bigint[], espaces text[], ekeys bytea[], "
      "eversions bigint[], wspaces text[], wkeys bytea[], wvalues bytea[], at bigint, topics text[], akeys bytea[], "
      "records bytea[]) RETURNS bigint LANGUAGE plpgsql AS $$ "
      "DECLARE result bigint; "
      "BEGIN "
      "FOR i IN 1 .. coalesce(array_length(locks, 1), 0) LOOP "
      "IF exclusive[i] = 1 THEN PERFORM pg_advisory_xact_lock(7022836, locks[i]::int); "
      "ELSE PERFORM pg_advisory_xact_lock_shared(7022836, locks[i]::int); END IF; "
      "END LOOP; "
      "PERFORM 1 FROM unnest(espaces, ekeys, eversions) AS e(space, key, version) "
      "LEFT JOIN aloft_kv k ON k.space = e.space COLLATE \"C\" AND k.key = e.key "
      "WHERE coalesce(k.version, 0) <> e.version; "
      "IF FOUND THEN RETURN -1; END IF; "
      "result := nextval('aloft_kv_version'); "
      "DELETE FROM aloft_kv k USING unnest(wspaces, wkeys, wvalues) AS w(space, key, value) "
      "WHERE w.value IS NULL AND k.space = w.space COLLATE \"C\" AND k.key = w.key; "
      "INSERT INTO aloft_kv (space, key, value, version) "
      "SELECT w.space, w.key, w.value, result FROM unnest(wspaces, wkeys, wvalues) AS w(space, key, value) "
      "WHERE w.value IS NOT NULL "
      "ON CONFLICT (space, key) DO UPDATE SET value = excluded.value, version = excluded.version; "
      "INSERT INTO aloft_kv_outbox (xid, seq, at, topic, key, record, bytes) "
      "SELECT pg_current_xact_id()::text::bigint, a.seq, at, a.topic, a.key, a.record, "
      "octet_length(a.topic) + octet_length(a.key) + octet_length(a.record) + 64 "
      "FROM unnest(topics, akeys, records) WITH ORDINALITY AS a(topic, key, record, seq); "
      "RETURN result; "
      "END $$");
  return {{.room = "kv", .version = 1, .statements = std::move(statements)}};
}

std::int64_t StripeOf(std::string_view space, std::string_view key) {
  std::uint64_t hash = 14695981039346656037ull;
  auto mix = [&](std::string_view bytes) {
    for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    hash = (hash ^ 0x100) * 1099511628211ull;
  };
  mix(space);
  mix(key);
  return static_cast<std::int64_t>((hash >> 32 ^ hash) % kStripes);
}

// The twelve arguments of aloft_kv_apply.
std::vector<sql::PostgresParameter> EncodeBatch(const Batch& batch, Time now) {
  std::map<std::int64_t, std::int64_t> locks;  // stripe -> 1 where it is held alone
  std::vector<std::string_view> expected_spaces, spaces, topics;
  std::vector<std::optional<std::string_view>> expected_keys, keys, values, announced_keys, records;
  std::vector<std::int64_t> versions, stripes, exclusive;
  for (const Batch::Expectation& each : batch.expectations) {
    locks.emplace(StripeOf(each.space, each.key), 0);
    expected_spaces.push_back(each.space);
    expected_keys.push_back(each.key);
    versions.push_back(static_cast<std::int64_t>(each.version));
  }
  // Of two writes of one key the last counts.
  std::set<std::pair<std::string_view, std::string_view>> written;
  for (auto each = batch.writes.rbegin(); each != batch.writes.rend(); ++each) {
    if (!written.emplace(each->space, each->key).second) continue;
    locks[StripeOf(each->space, each->key)] = 1;
    spaces.push_back(each->space);
    keys.push_back(each->key);
    each->value ? values.push_back(*each->value) : values.push_back(std::nullopt);
  }
  for (const Batch::Announcement& each : batch.announcements) {
    locks[StripeOf("\n" + each.topic, each.key)] = 1;
    topics.push_back(each.topic);
    announced_keys.push_back(each.key);
    records.push_back(each.record);
  }
  for (auto [stripe, alone] : locks) {
    stripes.push_back(stripe);
    exclusive.push_back(alone);
  }
  return {sql::EncodeIntArray(stripes),          sql::EncodeIntArray(exclusive),
          sql::EncodeTextArray(expected_spaces), sql::EncodeBytesArray(expected_keys),
          sql::EncodeIntArray(versions),         sql::EncodeTextArray(spaces),
          sql::EncodeBytesArray(keys),           sql::EncodeBytesArray(values),
          sql::EncodeParameter(ToMicros(now)),   sql::EncodeTextArray(topics),
          sql::EncodeBytesArray(announced_keys), sql::EncodeBytesArray(records)};
}

sql::PostgresParameter TextParameter(std::string_view text) {
  return sql::EncodeParameter(std::string(text));
}
sql::PostgresParameter BytesParameter(std::string_view bytes) {
  return sql::EncodeParameter(sql::Bytes{std::string(bytes)});
}

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(const Options& options) : pool_(options.connection, std::max(2, options.connections)) {}

  Status Open(const Options& options, Log log) {
    sql::Options sql_options;
    sql_options.engine = sql::Engine::kPostgres;
    sql_options.connection = options.connection;
    sql_options.connections = 2;
    ALOFT_ASSIGN(database_, sql::Database::Open(sql_options, Schema(), std::move(log)));
    outbox_ = std::make_unique<sql::SqlOutbox>(*database_, kPrefix);
    return {};
  }

  Result<std::optional<Entry>> Get(std::string_view space, std::string_view key) override {
    ALOFT_TRY(CheckKey(space, key));
    ALOFT_ASSIGN(sql::Rows rows, Query("SELECT value, version FROM aloft_kv WHERE space = $1 AND key = $2",
                                       {TextParameter(space), BytesParameter(key)}));
    if (rows.empty()) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(key), rows[0].Blob(0), static_cast<Version>(rows[0].Int(1))});
  }

  Result<ScanPage> Scan(std::string_view space, const ScanRange& range) override {
    ALOFT_TRY(CheckKey(space, {}));
    PageBuilder page(range);
    if (!range.to.empty() && range.to <= range.from) return page.Take();
    std::string_view order = range.reverse ? "key DESC" : "key";
    std::string bytes = range.keys_only ? "octet_length(key)" : "(octet_length(key) + octet_length(value))";
    // The server counts bytes too, so that no more than a page travels; the page's last row is decided here.
    std::string statement = "SELECT key, " + std::string(range.keys_only ? "''::bytea" : "value") +
                            ", version FROM (SELECT key, value, version, (sum(" + bytes + ") OVER (ORDER BY " +
                            std::string(order) + ") - " + bytes + ")::bigint AS before FROM aloft_kv " +
                            "WHERE space = $1 AND key >= $2" + (range.to.empty() ? "" : " AND key < $5") +
                            " ORDER BY " + std::string(order) + " LIMIT $3) AS page WHERE before <= $4 ORDER BY " +
                            std::string(order);
    auto limit = static_cast<std::int64_t>(std::min<std::size_t>(std::max<std::size_t>(range.limit, 1), 1u << 20)) + 1;
    auto most = static_cast<std::int64_t>(std::min<std::size_t>(range.max_bytes, INT64_MAX));
    std::vector<sql::PostgresParameter> parameters{TextParameter(space), BytesParameter(range.from),
                                                   sql::EncodeParameter(limit), sql::EncodeParameter(most)};
    if (!range.to.empty()) parameters.push_back(BytesParameter(range.to));
    ALOFT_ASSIGN(sql::Rows rows, Query(statement, parameters));
    for (const sql::Row& row : rows)
      if (!page.Add(row.Blob(0), row.Blob(1), static_cast<Version>(row.Int(2)))) break;
    return page.Take();
  }

  Result<Version> Apply(Batch batch) override {
    ALOFT_TRY(CheckBatch(batch));
    if (auto error = FaultError("kv.apply")) return *error;
    std::vector<sql::PostgresParameter> parameters = EncodeBatch(batch, clock_.Now());
    ALOFT_ASSIGN(sql::PostgresPool::Lease connection, pool_.Acquire());
    auto rows =
        connection->Query("SELECT aloft_kv_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", parameters);
    if (!rows.ok()) {
      Error error = std::move(rows).error();
      // It may have happened, so it must not happen again by itself.
      if (error.reason == sql::kConnectionLost)
        return Fail(kUnavailable, "The database went away; the change may have been made.", Describe(error));
      return error;
    }
    std::int64_t version = rows->at(0).Int(0);
    if (version < 0) return VersionMismatch();
    if (!batch.announcements.empty()) outbox_->Wake();
    return static_cast<Version>(version);
  }

  sql::Outbox& outbox() override { return *outbox_; }

 private:
  Result<sql::Rows> Query(std::string_view statement, const std::vector<sql::PostgresParameter>& parameters) {
    for (int reconnects = 0;; ++reconnects) {
      ALOFT_ASSIGN(sql::PostgresPool::Lease connection, pool_.Acquire());
      auto rows = connection->Query(statement, parameters);
      bool again = !rows.ok() && reconnects < kMaxReconnects &&
                   (rows.error().reason == sql::kConnectionLost || rows.error().reason == sql::kSerializationFailure);
      if (!again) return rows;
    }
  }

  SystemClock clock_;
  sql::PostgresPool pool_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::SqlOutbox> outbox_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenPostgresStore(const Options& options, Log log) {
  auto store = std::make_unique<PostgresStore>(options);
  ALOFT_TRY(store->Open(options, std::move(log)));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace aloft::kv
