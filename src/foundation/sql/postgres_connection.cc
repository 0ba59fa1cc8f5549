#include "foundation/sql/postgres_connection.h"

#include <libpq-fe.h>

#include <charconv>

#include "foundation/os/must_not_block.h"
#include "foundation/sql/dialect.h"
#include "foundation/sql/postgres_value.h"

namespace aloft::sql {
namespace {

constexpr std::size_t kMaxPrepared = 512;
constexpr std::chrono::seconds kPatience{30};
// A connection that was used this recently is taken to be alive.
constexpr std::chrono::milliseconds kTrusted{500};

// What every session of ours needs, whatever the server's administrator set: a dead peer is noticed, nothing waits for
// ever, and a commit that was acknowledged is on the disk.
constexpr const char* kSession =
    "SET client_min_messages = error; SET statement_timeout = '60s'; SET lock_timeout = '20s'; "
    "SET idle_in_transaction_session_timeout = '60s'; "
    "SET default_transaction_isolation = 'read committed'; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

Error Lost(const pg_conn* connection) {
  return Fail(kConnectionLost, "The database is away; try again later.", PQerrorMessage(connection));
}

// Error classes of PostgreSQL's Appendix A.
Error FromState(std::string_view state, std::string_view message, std::string detail) {
  if (state == "23505") return Fail(kAlreadyExistsRow, "A record with this name exists already.", std::move(detail));
  bool stale_plan = state == "0A000" && message.find("cached plan") != std::string_view::npos;
  if (state == "40001" || state == "40P01" || stale_plan)
    return Fail(kSerializationFailure, "Too many changes at once; try again.", std::move(detail));
  if (state == "53100") return Fail(kDiskFull, "The disk is full.", std::move(detail));
  if (state == "XX001" || state == "XX002") return Fail(kCorrupt, "Stored bytes are damaged.", std::move(detail));
  if (state == "22021" || state == "22P05")
    return Fail(kInvalidArgument, "Text must be UTF-8 without zero bytes.", std::move(detail));
  if (state == "57014" || state == "55P03") return Fail(kUnavailable, "The database is busy.", std::move(detail));
  if (state.starts_with("08") || state.starts_with("57P") || state.starts_with("53") || state == "25006")
    return Fail(kConnectionLost, "The database is away; try again later.", std::move(detail));
  if (state.starts_with("58")) return Fail(kIoError, "The database failed.", std::move(detail));
  return Fail(kInternal, "Internal error.", std::move(detail));
}

}  // namespace

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const {
  PQclear(result);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Connect(const std::string& connection) {
  const char* keywords[] = {"dbname",          "connect_timeout",  "tcp_user_timeout",
                            "client_encoding", "application_name", nullptr};
  const char* values[] = {connection.c_str(), "5", "15000", "UTF8", "aloft", nullptr};
  pg_conn* raw = PQconnectdbParams(keywords, values, 1);
  std::unique_ptr<PostgresConnection> opened(new PostgresConnection(raw));
  if (PQstatus(raw) != CONNECTION_OK) return Lost(raw);
  ALOFT_TRY(opened->Run(kSession));
  return opened;
}

PostgresConnection::~PostgresConnection() {
  PQfinish(connection_);
}

bool PostgresConnection::usable() const {
  return PQstatus(connection_) == CONNECTION_OK && PQtransactionStatus(connection_) == PQTRANS_IDLE;
}

bool PostgresConnection::Ping() {
  ResultPointer result(PQexec(connection_, ""));
  return PQresultStatus(result.get()) == PGRES_EMPTY_QUERY;
}

Error PostgresConnection::ErrorOf(const pg_result* result, std::string_view statement) {
  if (PQstatus(connection_) != CONNECTION_OK) return Lost(connection_);
  const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string message = result == nullptr ? PQerrorMessage(connection_) : PQresultErrorMessage(result);
  return FromState(state == nullptr ? "" : state, message, message + " in: " + std::string(statement));
}

Status PostgresConnection::Run(const char* statements) {
  ResultPointer result(PQexec(connection_, statements));
  ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return ErrorOf(result.get(), statements);
  // COMMIT of a transaction that failed rolls back and calls that a success.
  if (std::string_view(statements) == "COMMIT" && std::string_view(PQcmdStatus(result.get())) != "COMMIT")
    return Fail(kInternal, "Internal error.", "the commit rolled back");
  return {};
}

Result<std::string> PostgresConnection::Prepare(std::string_view statement,
                                                const std::vector<PostgresParameter>& parameters) {
  std::string key;
  std::vector<Oid> types;
  for (const PostgresParameter& parameter : parameters) {
    types.push_back(parameter.type);
    key += std::to_string(parameter.type) + ",";
  }
  key += statement;
  auto found = prepared_.find(key);
  if (found != prepared_.end()) return found->second;
  ALOFT_TRY(CheckPortable(statement, parameters.size()));
  if (prepared_.size() >= kMaxPrepared) {
    ALOFT_TRY(Run("DEALLOCATE ALL"));
    prepared_.clear();
  }
  std::string name = "s" + std::to_string(next_name_++);
  ResultPointer result(PQprepare(connection_, name.c_str(), std::string(statement).c_str(),
                                 static_cast<int>(types.size()), types.data()));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) return ErrorOf(result.get(), statement);
  prepared_.emplace(std::move(key), name);
  return name;
}

Result<PostgresConnection::ResultPointer> PostgresConnection::Call(std::string_view statement,
                                                                   const std::vector<PostgresParameter>& parameters) {
  ALOFT_ASSIGN(std::string name, Prepare(statement, parameters));
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats(parameters.size(), 1);
  for (const PostgresParameter& parameter : parameters) {
    values.push_back(parameter.null ? nullptr : parameter.bytes.data());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
  }
  ResultPointer result(PQexecPrepared(connection_, name.c_str(), static_cast<int>(parameters.size()), values.data(),
                                      lengths.data(), formats.data(), 1));
  ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    Error error = ErrorOf(result.get(), statement);
    // A stale plan is cured by preparing again.
    if (error.reason == kSerializationFailure && error.detail.find("cached plan") != std::string::npos)
      prepared_.clear();
    return error;
  }
  return result;
}

Result<Rows> PostgresConnection::Query(std::string_view statement, const std::vector<PostgresParameter>& parameters) {
  ALOFT_ASSIGN(ResultPointer result, Call(statement, parameters));
  int columns = PQnfields(result.get());
  int count = PQntuples(result.get());
  Rows rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    Values values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result.get(), row, column) != 0) {
        values.emplace_back(nullptr);
        continue;
      }
      std::string_view bytes(PQgetvalue(result.get(), row, column),
                             static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
      ALOFT_ASSIGN(Value value, DecodeColumn(PQftype(result.get(), column), bytes));
      values.push_back(std::move(value));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

Result<std::int64_t> PostgresConnection::Execute(std::string_view statement,
                                                 const std::vector<PostgresParameter>& parameters) {
  ALOFT_ASSIGN(ResultPointer result, Call(statement, parameters));
  if (std::string_view(PQcmdStatus(result.get())).starts_with("SELECT")) return 0;
  std::string_view text = PQcmdTuples(result.get());
  std::int64_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

Result<PostgresPool::Lease> PostgresPool::Acquire() {
  ALOFT_TRY(os::MayBlock());
  auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    Idle idle;
    {
      std::unique_lock lock(mutex_);
      if (!free_.wait_until(lock, deadline, [&] { return !idle_.empty() || open_ < size_; }))
        return Fail(kUnavailable, "The database is busy; try again later.");
      if (idle_.empty()) {
        ++open_;
        break;
      }
      idle = std::move(idle_.back());
      idle_.pop_back();
    }
    // One that rested may have lost its server, and its first statement would be in doubt.
    if (std::chrono::steady_clock::now() - idle.since < kTrusted || idle.connection->Ping())
      return Lease(*this, std::move(idle.connection));
    Return(nullptr);
  }
  auto connected = PostgresConnection::Connect(connection_);
  if (connected.ok()) return Lease(*this, std::move(connected).value());
  Return(nullptr);
  return std::move(connected).error();
}

void PostgresPool::Return(std::unique_ptr<PostgresConnection> connection) {
  {
    std::lock_guard lock(mutex_);
    if (connection != nullptr && connection->usable())
      idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
    else
      --open_;
  }
  free_.notify_one();
}

}  // namespace aloft::sql
