// PostgreSQL: each Write is a serializable transaction that is run again when it lost against another; each Read a
// snapshot.
#include <random>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/sql/closure.h"
#include "foundation/sql/engines.h"
#include "foundation/sql/migration.h"
#include "foundation/sql/postgres_connection.h"
#include "foundation/sql/sql_outbox.h"

namespace aloft::sql {
namespace {

constexpr int kMaxAttempts = 20;
constexpr int kPoliteAttempts = 4;  // after these a retry runs alone among the retries
constexpr int kMaxReconnects = 2;
// Keys of advisory locks, which are shared by all programs on a database.
constexpr const char* kLockMigrations = "SELECT pg_advisory_lock(7022836501)";
constexpr const char* kUnlockMigrations = "SELECT pg_advisory_unlock(7022836501)";
constexpr const char* kLockRetries = "SELECT pg_advisory_lock(7022836502)";
constexpr const char* kUnlockRetries = "SELECT pg_advisory_unlock(7022836502)";

std::vector<PostgresParameter> Encode(const Values& values) {
  std::vector<PostgresParameter> parameters;
  parameters.reserve(values.size());
  for (const Value& value : values) parameters.push_back(EncodeParameter(value));
  return parameters;
}

class PostgresTransaction final : public Transaction {
 public:
  PostgresTransaction(PostgresConnection& connection, Time now) : connection_(connection), now_(now) {}

  Result<Rows> Query(std::string_view statement, const Values& parameters) override {
    return Do<Rows>([&] { return connection_.Query(statement, Encode(parameters)); });
  }
  Result<std::int64_t> Execute(std::string_view statement, const Values& parameters) override {
    return Do<std::int64_t>([&] { return connection_.Execute(statement, Encode(parameters)); });
  }
  void Announce(std::string_view topic, std::string_view key, std::string_view record) override {
    announced = true;
    static_cast<void>(InsertAnnouncement(*this, Engine::kPostgres, sequence_++, now_, topic, key, record));
  }

  std::optional<Error> failed;
  bool announced = false;

 private:
  template <class T, class F>
  Result<T> Do(F run) {
    if (failed) return Fail(kInternal, "Internal error.", "a statement after one that failed: " + Describe(*failed));
    Result<T> result = run();
    if (!result.ok()) failed = result.error();
    return result;
  }

  PostgresConnection& connection_;
  const Time now_;
  std::int64_t sequence_ = 0;
};

void PauseBefore(int attempt) {
  thread_local std::minstd_rand random(static_cast<unsigned>(std::hash<std::thread::id>()(std::this_thread::get_id())));
  int most = 1 << std::min(attempt, 6);
  std::this_thread::sleep_for(std::chrono::microseconds(500 * (1 + static_cast<int>(random() % most))));
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(const Options& options, Log log)
      : log_(std::move(log)), pool_(options.connection, std::max(2, options.connections)), outbox_(*this) {}

  Status Open(std::span<const Migration> migrations) {
    std::vector<Migration> all = OwnMigrations();
    all.insert(all.end(), migrations.begin(), migrations.end());
    ALOFT_ASSIGN(PostgresPool::Lease connection, pool_.Acquire());
    ALOFT_TRY(connection->Run("SET lock_timeout = '60s'"));
    ALOFT_TRY(connection->Run(kLockMigrations));
    Status migrated = MigrateOn(*connection, all);
    ALOFT_TRY(connection->Run(kUnlockMigrations));
    ALOFT_TRY(connection->Run("SET lock_timeout = '20s'"));
    return migrated;
  }

  Engine engine() const override { return Engine::kPostgres; }
  Outbox& outbox() override { return outbox_; }

 protected:
  Status RunWrite(const std::function<Status(Transaction&)>& closure) override {
    if (t_writing == this) return Fail(kInternal, "Internal error.", "a Write inside a Write");
    int reconnects = 0;
    Error last;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      if (attempt > 0) PauseBefore(attempt);
      ALOFT_ASSIGN(PostgresPool::Lease connection, pool_.Acquire());
      bool alone = attempt >= kPoliteAttempts;
      Attempt result = TryWrite(*connection, closure, alone);
      if (!result.again) return std::move(result.outcome);
      last = result.outcome.error();
      if (last.reason == kConnectionLost && ++reconnects > kMaxReconnects) return last;
    }
    log_.Warn("sql: a write lost every race", {{"cause", Describe(last)}});
    return Fail(kUnavailable, "Too many changes at once; try again later.", Describe(last));
  }

  Status RunRead(const std::function<Status(Reader&)>& closure) override {
    for (int reconnects = 0;; ++reconnects) {
      ALOFT_ASSIGN(PostgresPool::Lease connection, pool_.Acquire());
      Status begun = connection->Run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      if (!begun.ok()) {
        // An idle connection that died in the pool.
        if (begun.error().reason == kConnectionLost && reconnects < kMaxReconnects) continue;
        return begun;
      }
      PostgresTransaction transaction(*connection, Time());
      Status status = RunClosure<Reader>(closure, transaction);
      static_cast<void>(connection->Run("ROLLBACK"));
      return status;
    }
  }

 private:
  struct Attempt {
    Status outcome;
    bool again = false;
  };

  static bool WorthRepeating(const Error& error) {
    return error.reason == kSerializationFailure || error.reason == kConnectionLost;
  }

  Attempt TryWrite(PostgresConnection& connection, const std::function<Status(Transaction&)>& closure, bool alone) {
    if (alone) {
      if (Status locked = connection.Run(kLockRetries); !locked.ok()) return {locked, WorthRepeating(locked.error())};
    }
    Attempt attempt = TryOnce(connection, closure);
    if (alone) static_cast<void>(connection.Run(kUnlockRetries));
    return attempt;
  }

  Attempt TryOnce(PostgresConnection& connection, const std::function<Status(Transaction&)>& closure) {
    if (Status begun = connection.Run("BEGIN ISOLATION LEVEL SERIALIZABLE"); !begun.ok())
      return {begun, WorthRepeating(begun.error())};
    PostgresTransaction transaction(connection, clock_.Now());
    t_writing = this;
    Status status = RunClosure<Transaction>(closure, transaction);
    t_writing = nullptr;
    if (transaction.failed && (status.ok() || WorthRepeating(*transaction.failed))) status = *transaction.failed;
    if (status.ok())
      if (auto error = FaultError("sql.commit")) status = *error;
    if (!status.ok()) {
      static_cast<void>(connection.Run("ROLLBACK"));
      return {status, transaction.failed && WorthRepeating(*transaction.failed)};
    }
    Status committed = connection.Run("COMMIT");
    if (committed.ok()) {
      if (transaction.announced) outbox_.Wake();
      return {};
    }
    if (committed.error().reason == kSerializationFailure) return {committed, true};
    // The connection broke during the commit: it may have happened, so it must not happen again.
    return {Fail(kUnavailable, "The database went away; the change may have been made.", Describe(committed.error()))};
  }

  Status MigrateOn(PostgresConnection& connection, std::span<const Migration> migrations) {
    ALOFT_TRY(connection.Run("BEGIN ISOLATION LEVEL READ COMMITTED"));
    PostgresTransaction transaction(connection, clock_.Now());
    Status status = Migrate(transaction, Engine::kPostgres, migrations, ToMicros(clock_.Now()));
    if (!status.ok()) {
      static_cast<void>(connection.Run("ROLLBACK"));
      return status;
    }
    return connection.Run("COMMIT");
  }

  Log log_;
  SystemClock clock_;
  PostgresPool pool_;
  SqlOutbox outbox_;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenPostgres(const Options& options, std::span<const Migration> migrations, Log log) {
  auto database = std::make_unique<PostgresDatabase>(options, std::move(log));
  ALOFT_TRY(database->Open(migrations));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace aloft::sql
