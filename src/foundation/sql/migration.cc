#include "foundation/sql/migration.h"

#include <map>

#include "foundation/sql/dialect.h"
#include "foundation/sql/sql_outbox.h"

namespace aloft::sql {
namespace {

// FNV-1a over the statements: notices a released step that was changed.
std::int64_t Digest(const Migration& migration) {
  std::uint64_t hash = 14695981039346656037ull;
  for (const std::string& statement : migration.statements) {
    for (char c : statement) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
    hash = (hash ^ 0xff) * 1099511628211ull;
  }
  return static_cast<std::int64_t>(hash);
}

struct Applied {
  std::int64_t version = 0;
  std::int64_t min_reader = 0;
  std::int64_t digest = 0;
};
using AppliedByRoom = std::map<std::string, std::map<std::int64_t, Applied>>;

Result<AppliedByRoom> LoadApplied(Transaction& transaction) {
  ALOFT_ASSIGN(Rows rows, transaction.Query("SELECT room, version, min_reader, digest FROM aloft_migrations"));
  AppliedByRoom applied;
  for (const Row& row : rows) applied[row.Text(0)][row.Int(1)] = {row.Int(1), row.Int(2), row.Int(3)};
  return applied;
}

// Refuses a database whose tables a newer program has contracted beyond what this one reads.
Status CheckReadable(const std::string& room, std::int64_t known, const std::map<std::int64_t, Applied>& applied) {
  for (const auto& [version, step] : applied) {
    if (version <= known || step.min_reader <= known) continue;
    return Fail(kDatabaseTooNew, "The database was written by a newer Aloft: its '" + room + "' tables have version " +
                                     std::to_string(version) + ", which needs a program that knows version " +
                                     std::to_string(step.min_reader) + "; this one knows " + std::to_string(known) +
                                     ". Start the newer Aloft, or restore a backup.");
  }
  return {};
}

Status ApplyStep(Transaction& transaction, Engine engine, const Migration& migration, std::int64_t now_micros) {
  for (const std::string& statement : migration.statements) {
    auto done = transaction.Execute(TranslateSchema(engine, statement));
    if (done.ok()) continue;
    Error error = std::move(done).error();
    error.detail = "migration " + migration.room + " " + std::to_string(migration.version) + ": " + error.detail;
    return error;
  }
  ALOFT_TRY(transaction.Execute(
      "INSERT INTO aloft_migrations (room, version, min_reader, digest, applied_at) VALUES ($1, $2, $3, $4, $5)",
      {migration.room, std::int64_t{migration.version}, std::int64_t{migration.min_reader}, Digest(migration),
       now_micros}));
  return {};
}

}  // namespace

Status Migrate(Transaction& transaction, Engine engine, std::span<const Migration> migrations,
               std::int64_t now_micros) {
  ALOFT_TRY(transaction.Execute(
      TranslateSchema(engine,
                      "CREATE TABLE IF NOT EXISTS aloft_migrations (room TEXT NOT NULL, version INTEGER NOT NULL, "
                      "min_reader INTEGER NOT NULL, digest INTEGER NOT NULL, applied_at INTEGER NOT NULL, "
                      "PRIMARY KEY (room, version))")));
  ALOFT_ASSIGN(AppliedByRoom applied, LoadApplied(transaction));

  std::map<std::string, std::map<int, const Migration*>> known;
  for (const Migration& migration : migrations) {
    if (!known[migration.room].emplace(migration.version, &migration).second)
      return Fail(kInternal, "Internal error.", "migration given twice: " + migration.room);
  }
  for (const auto& [room, steps] : known) {
    if (steps.begin()->first != 1 || steps.rbegin()->first != static_cast<int>(steps.size()))
      return Fail(kInternal, "Internal error.", "migrations of " + room + " do not count from 1");
    ALOFT_TRY(CheckReadable(room, steps.rbegin()->first, applied[room]));
    for (const auto& [version, migration] : steps) {
      auto found = applied[room].find(version);
      if (found == applied[room].end()) {
        ALOFT_TRY(ApplyStep(transaction, engine, *migration, now_micros));
      } else if (found->second.digest != Digest(*migration)) {
        return Fail(kDatabaseTooNew, "The database's '" + room + "' tables were made by another build of Aloft: step " +
                                         std::to_string(version) + " differs. Start with an empty data directory.");
      }
    }
  }
  return {};
}

const std::vector<Migration>& OwnMigrations() {
  static const std::vector<Migration> kMigrations{
      {.room = "sql", .version = 1, .statements = OutboxSchema(kOutboxPrefix)}};
  return kMigrations;
}

}  // namespace aloft::sql
