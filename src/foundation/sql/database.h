// Relational records on SQLite (one machine) or PostgreSQL (many). One dialect: what both understand, parameters as $1,
// $2.
//
//   ALOFT_ASSIGN(User user, db.Write([&](sql::Transaction& t) -> Result<User> {
//     ALOFT_TRY(t.Execute("INSERT INTO users (account, name, document) VALUES ($1, $2, $3)", {account, name, json}));
//     t.Announce("identity.users", account + "/" + name, json);
//     return user;
//   }));
//
// A Write returns after its commit is durable. Its closure is pure on its transaction: it may run again (PostgreSQL
// retries on serialization failure; SQLite runs many closures in one commit), so it does no I/O and changes nothing
// outside. Under 5 ms.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/result.h"
#include "foundation/sql/outbox.h"

namespace aloft::sql {

// NULL, integer, real, text, bytes. BOOLEAN columns are INTEGER 0 and 1; times are INTEGER microseconds.
struct Bytes {
  std::string value;
};
using Value = std::variant<std::nullptr_t, std::int64_t, double, std::string, Bytes>;
using Values = std::vector<Value>;

// A row of a result. Column access is by index; the typed getters CHECK the type, which the statement fixes.
class Row {
 public:
  explicit Row(Values values) : values_(std::move(values)) {}
  bool IsNull(std::size_t column) const { return std::holds_alternative<std::nullptr_t>(values_[column]); }
  std::int64_t Int(std::size_t column) const;
  double Real(std::size_t column) const;
  const std::string& Text(std::size_t column) const;
  const std::string& Blob(std::size_t column) const;
  std::size_t size() const { return values_.size(); }

 private:
  Values values_;
};
using Rows = std::vector<Row>;

class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<Rows> Query(std::string_view statement, const Values& parameters = {}) = 0;
};

// After a statement that failed the transaction is dead: every further statement fails, and so does the commit. To go
// on where a row exists use ON CONFLICT DO NOTHING and look at the count.
class Transaction : public Reader {
 public:
  // Rows changed. A broken UNIQUE or PRIMARY KEY is kAlreadyExistsRow.
  virtual Result<std::int64_t> Execute(std::string_view statement, const Values& parameters = {}) = 0;
  // Announces a change in the same commit; foundation/feed delivers it at least once, ordered per key.
  virtual void Announce(std::string_view topic, std::string_view key, std::string_view record) = 0;
};

inline constexpr Reason kAlreadyExistsRow{ErrorKind::kAlreadyExists, "RowExists"};
// A write met a failing disk or a corrupt file: reads go on, writes are refused until the database is reopened.
inline constexpr Reason kDatabaseReadOnly{ErrorKind::kUnavailable, "DatabaseReadOnly"};
// The data was written by a newer program and contracted beyond what this one understands.
inline constexpr Reason kDatabaseTooNew{ErrorKind::kConflict, "DatabaseTooNew"};

// One step of a schema. Versions count from 1 per room and never change once released; steps expand before they
// contract. Column types are INTEGER (64 bits), REAL (64 bits), TEXT (ordered by bytes) and BLOB; on PostgreSQL they
// become BIGINT, DOUBLE PRECISION, TEXT COLLATE "C" and BYTEA. On SQLite tables are STRICT. STRICT and WITHOUT ROWID
// may be written and mean nothing on PostgreSQL.
struct Migration {
  std::string room;  // "identity"
  int version = 1;
  std::vector<std::string> statements;
  // Set by a step that contracts: programs that know the room only up to an older version refuse to open.
  int min_reader = 0;
};

enum class Engine { kSqlite, kPostgres };

struct Options {
  Engine engine = Engine::kSqlite;
  std::string path;                         // SQLite: the file
  std::string connection;                   // PostgreSQL: a libpq connection string
  int readers = 4;                          // SQLite: reading connections
  int connections = 8;                      // PostgreSQL: all connections
  int checkpoint_pages = 20'000;            // SQLite: 4 KiB each; a longer log is moved into the file
  std::size_t max_waiting_writes = 10'000;  // more are refused with kUnavailable
};

class Database {
 public:
  // Opens (creating it where absent) and applies the migrations that are missing.
  static Result<std::unique_ptr<Database>> Open(Options options, std::span<const Migration> migrations, Log log);
  virtual ~Database() = default;

  template <class F>
  auto Write(F&& closure) -> decltype(closure(std::declval<Transaction&>())) {
    using R = decltype(closure(std::declval<Transaction&>()));
    std::optional<R> result;
    Status committed = RunWrite([&](Transaction& transaction) -> Status {
      result.emplace(closure(transaction));
      if (!result->ok()) return Error(result->error());
      return {};
    });
    if (!committed.ok()) return R(std::move(committed).error());
    return std::move(*result);
  }

  // A consistent snapshot. Runs on the calling thread.
  template <class F>
  auto Read(F&& closure) -> decltype(closure(std::declval<Reader&>())) {
    using R = decltype(closure(std::declval<Reader&>()));
    std::optional<R> result;
    Status done = RunRead([&](Reader& reader) -> Status {
      result.emplace(closure(reader));
      return {};
    });
    if (!done.ok()) return R(std::move(done).error());
    return std::move(*result);
  }

  virtual Engine engine() const = 0;
  // For foundation/feed.
  virtual Outbox& outbox() = 0;

 protected:
  virtual Status RunWrite(const std::function<Status(Transaction&)>& closure) = 0;
  virtual Status RunRead(const std::function<Status(Reader&)>& closure) = 0;
};

}  // namespace aloft::sql
