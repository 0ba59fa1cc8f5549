#include "foundation/sql/sqlite_connection.h"

#include <sqlite3.h>

#include <charconv>

#include "foundation/sql/dialect.h"

namespace aloft::sql {
namespace {

constexpr std::size_t kMaxStatements = 512;
constexpr int kBusyMilliseconds = 10'000;

int BindValue(sqlite3_stmt* handle, int slot, const Value& value) {
  struct Visitor {
    sqlite3_stmt* handle;
    int slot;
    int operator()(std::nullptr_t) const { return sqlite3_bind_null(handle, slot); }
    int operator()(std::int64_t v) const { return sqlite3_bind_int64(handle, slot, v); }
    int operator()(double v) const { return sqlite3_bind_double(handle, slot, v); }
    // The values outlive the step, so SQLite need not copy them.
    int operator()(const std::string& v) const {
      return sqlite3_bind_text64(handle, slot, v.data(), v.size(), SQLITE_STATIC, SQLITE_UTF8);
    }
    int operator()(const Bytes& v) const {
      if (v.value.empty()) return sqlite3_bind_zeroblob(handle, slot, 0);
      return sqlite3_bind_blob64(handle, slot, v.value.data(), v.value.size(), SQLITE_STATIC);
    }
  };
  return std::visit(Visitor{handle, slot}, value);
}

Value ColumnValue(sqlite3_stmt* handle, int column) {
  auto bytes = [&](const void* data) {
    return std::string(static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle, column)));
  };
  switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(handle, column);
    case SQLITE_FLOAT: return sqlite3_column_double(handle, column);
    case SQLITE_TEXT: return bytes(sqlite3_column_text(handle, column));
    case SQLITE_BLOB: {
      const void* data = sqlite3_column_blob(handle, column);
      return Bytes{data == nullptr ? std::string() : bytes(data)};
    }
    default: return nullptr;
  }
}

}  // namespace

Error SqliteError(sqlite3* db, int code, std::string_view statement) {
  std::string detail =
      std::string(sqlite3_errmsg(db)) + " (" + std::to_string(code) + ") in: " + std::string(statement);
  switch (code) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID:
      return Fail(kAlreadyExistsRow, "A record with this name exists already.", std::move(detail));
    default: break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL: return Fail(kDiskFull, "The disk is full.", std::move(detail));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Fail(kCorrupt, "Stored bytes are damaged.", std::move(detail));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return Fail(kIoError, "The database failed.", std::move(detail));
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Fail(kUnavailable, "The database is busy; try again later.", std::move(detail));
    default: return Fail(kInternal, "Internal error.", std::move(detail));
  }
}

bool IsFatal(const Error& error) {
  return error.reason == kCorrupt || error.reason == kIoError;
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, int cache_kib) {
  sqlite3* db = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
  int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db));
  if (code != SQLITE_OK) return SqliteError(db, code, "open " + path);
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  // Double-quoted names are names, never text: PostgreSQL says so too.
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  for (const std::string& pragma :
       {std::string("PRAGMA journal_mode = WAL"), std::string("PRAGMA synchronous = FULL"),
        std::string("PRAGMA foreign_keys = ON"), std::string("PRAGMA case_sensitive_like = ON"),
        std::string("PRAGMA wal_autocheckpoint = 0"), std::string("PRAGMA temp_store = MEMORY"),
        "PRAGMA cache_size = -" + std::to_string(cache_kib)}) {
    ALOFT_TRY(connection->Run(pragma));
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  DropStatements();
  sqlite3_close(db_);
}

Result<Rows> SqliteConnection::Query(std::string_view statement, const Values& parameters) {
  ALOFT_ASSIGN(Statement * bound, Bind(statement, parameters));
  return Step(bound->handle, statement);
}

Result<std::int64_t> SqliteConnection::Execute(std::string_view statement, const Values& parameters) {
  ALOFT_ASSIGN(Statement * bound, Bind(statement, parameters));
  ALOFT_TRY(Step(bound->handle, statement));
  if (sqlite3_stmt_readonly(bound->handle) != 0) return 0;
  return sqlite3_changes64(db_);
}

Status SqliteConnection::Run(std::string_view statement) {
  int code = sqlite3_exec(db_, std::string(statement).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return SqliteError(db_, code, statement);
  return {};
}

bool SqliteConnection::autocommit() const {
  return sqlite3_get_autocommit(db_) != 0;
}

Result<SqliteConnection::Statement*> SqliteConnection::Prepare(std::string_view text, std::size_t parameters) {
  auto found = statements_.find(text);
  if (found != statements_.end() && found->second.slots.size() == parameters) return &found->second;
  ALOFT_TRY(CheckPortable(text, parameters));
  if (statements_.size() >= kMaxStatements) DropStatements();
  Statement statement;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement.handle, &tail);
  if (code != SQLITE_OK) return SqliteError(db_, code, text);
  std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> guard(statement.handle, sqlite3_finalize);
  std::string_view rest = text.substr(static_cast<std::size_t>(tail - text.data()));
  if (statement.handle == nullptr || rest.find_first_not_of(" \n\t;") != std::string_view::npos)
    return Fail(kInternal, "Internal error.", "not one statement: " + std::string(text));
  int count = sqlite3_bind_parameter_count(statement.handle);
  statement.slots.assign(static_cast<std::size_t>(count), 0);
  for (int slot = 1; slot <= count; ++slot) {
    // SQLite takes $2 for a name and numbers names as they appear.
    std::string_view name = sqlite3_bind_parameter_name(statement.handle, slot);
    int number = 0;
    std::from_chars(name.data() + 1, name.data() + name.size(), number);
    if (number < 1 || number > count)
      return Fail(kInternal, "Internal error.", "parameters are not $1 to $n: " + std::string(text));
    statement.slots[static_cast<std::size_t>(number - 1)] = slot;
  }
  static_cast<void>(guard.release());
  return &statements_.emplace(std::string(text), std::move(statement)).first->second;
}

Result<SqliteConnection::Statement*> SqliteConnection::Bind(std::string_view text, const Values& parameters) {
  ALOFT_ASSIGN(Statement * statement, Prepare(text, parameters.size()));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    int code = BindValue(statement->handle, statement->slots[i], parameters[i]);
    if (code != SQLITE_OK) return SqliteError(db_, code, text);
  }
  return statement;
}

Result<Rows> SqliteConnection::Step(sqlite3_stmt* handle, std::string_view text) {
  Rows rows;
  int code;
  while ((code = sqlite3_step(handle)) == SQLITE_ROW) {
    Values values;
    int columns = sqlite3_column_count(handle);
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) values.push_back(ColumnValue(handle, column));
    rows.emplace_back(std::move(values));
  }
  if (code != SQLITE_DONE) {
    Error error = SqliteError(db_, code, text);
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle);
    return error;
  }
  sqlite3_reset(handle);
  sqlite3_clear_bindings(handle);
  return rows;
}

void SqliteConnection::DropStatements() {
  for (auto& [text, statement] : statements_) sqlite3_finalize(statement.handle);
  statements_.clear();
}

}  // namespace aloft::sql
