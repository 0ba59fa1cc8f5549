// One SQLite connection with its prepared statements. Used by one thread at a time. Private to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "foundation/sql/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace aloft::sql {

class SqliteConnection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, int cache_kib);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  Result<Rows> Query(std::string_view statement, const Values& parameters);
  Result<std::int64_t> Execute(std::string_view statement, const Values& parameters);
  // A fixed statement without parameters or rows: BEGIN, COMMIT, PRAGMA.
  Status Run(std::string_view statement);
  // False inside a transaction. SQLite ends one by itself on some failures.
  bool autocommit() const;
  sqlite3* handle() const { return db_; }

 private:
  struct Statement {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> slots;  // slots[n]: where parameter $n+1 goes
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  explicit SqliteConnection(sqlite3* db) : db_(db) {}
  Result<Statement*> Prepare(std::string_view text, std::size_t parameters);
  Result<Statement*> Bind(std::string_view text, const Values& parameters);
  Result<Rows> Step(sqlite3_stmt* handle, std::string_view text);
  void DropStatements();

  sqlite3* db_;
  std::unordered_map<std::string, Statement, Hash, std::equal_to<>> statements_;
};

// The error of a failed call. SQLITE_FULL is kDiskFull; broken UNIQUE is kAlreadyExistsRow.
Error SqliteError(sqlite3* db, int code, std::string_view statement);

// True where the file or the disk cannot be trusted with writes any more.
bool IsFatal(const Error& error);

}  // namespace aloft::sql
