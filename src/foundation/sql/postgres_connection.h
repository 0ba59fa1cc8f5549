// One PostgreSQL connection with its prepared statements, and a bounded pool of them. For the storage rooms.
//
// Values travel in PostgreSQL's binary forms. A connection is used by one thread at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "foundation/sql/database.h"

struct pg_conn;
struct pg_result;

namespace aloft::sql {

// The transaction must be run again from its beginning: a serialization failure, a deadlock, a plan that became stale.
inline constexpr Reason kSerializationFailure{ErrorKind::kUnavailable, "SerializationFailure"};
// The connection is gone. Before COMMIT nothing happened; during COMMIT nobody knows.
inline constexpr Reason kConnectionLost{ErrorKind::kUnavailable, "ConnectionLost"};

// A parameter as PostgreSQL wants it.
struct PostgresParameter {
  unsigned type = 0;  // an OID; 0: let the server find out
  bool null = false;
  std::string bytes;
};
PostgresParameter EncodeParameter(const Value& value);
PostgresParameter EncodeBytesArray(const std::vector<std::optional<std::string_view>>& values);  // bytea[]
PostgresParameter EncodeTextArray(const std::vector<std::string_view>& values);                  // text[]
PostgresParameter EncodeIntArray(const std::vector<std::int64_t>& values);                       // bigint[]

class PostgresConnection {
 public:
  static Result<std::unique_ptr<PostgresConnection>> Connect(const std::string& connection);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  Result<Rows> Query(std::string_view statement, const std::vector<PostgresParameter>& parameters);
  // Rows changed.
  Result<std::int64_t> Execute(std::string_view statement, const std::vector<PostgresParameter>& parameters);
  // Fixed statements without parameters or rows: BEGIN, COMMIT. An error where COMMIT rolled back.
  Status Run(const char* statements);
  // False once the connection is of no more use.
  bool usable() const;
  // Asks the server whether it is still there.
  bool Ping();

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using ResultPointer = std::unique_ptr<pg_result, ResultDeleter>;

  explicit PostgresConnection(pg_conn* connection) : connection_(connection) {}
  Result<ResultPointer> Call(std::string_view statement, const std::vector<PostgresParameter>& parameters);
  Result<std::string> Prepare(std::string_view statement, const std::vector<PostgresParameter>& parameters);
  Error ErrorOf(const pg_result* result, std::string_view statement);

  pg_conn* connection_;
  std::unordered_map<std::string, std::string> prepared_;  // types and text -> name
  std::uint64_t next_name_ = 0;
};

class PostgresPool {
 public:
  PostgresPool(std::string connection, int size) : connection_(std::move(connection)), size_(size) {}

  // Gives the connection back when it ends; one that is not usable any more is closed.
  class Lease {
   public:
    Lease(PostgresPool& pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->Return(std::move(connection_));
    }
    PostgresConnection& operator*() { return *connection_; }
    PostgresConnection* operator->() { return connection_.get(); }

   private:
    PostgresPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  // Waits for a free one; connects where none is idle. kUnavailable where neither comes.
  Result<Lease> Acquire();

 private:
  void Return(std::unique_ptr<PostgresConnection> connection);

  const std::string connection_;
  const int size_;
  std::mutex mutex_;
  std::condition_variable free_;
  struct Idle {
    std::unique_ptr<PostgresConnection> connection;
    std::chrono::steady_clock::time_point since;
  };
  std::vector<Idle> idle_;
  int open_ = 0;
};

}  // namespace aloft::sql
