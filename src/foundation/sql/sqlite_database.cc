// SQLite: one writing connection behind a commit queue, several reading ones, and a thread that moves the log into the
// file, so that no writer ever waits for that.
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/os/file.h"
#include "foundation/os/must_not_block.h"
#include "foundation/sql/closure.h"
#include "foundation/sql/commit_queue.h"
#include "foundation/sql/engines.h"
#include "foundation/sql/migration.h"
#include "foundation/sql/sql_outbox.h"
#include "foundation/sql/sqlite_connection.h"

namespace aloft::sql {
namespace {

constexpr int kIdleCheckpointPages = 500;
constexpr std::chrono::seconds kCheckpointTick{5};
constexpr std::chrono::seconds kReaderPatience{30};

class SqliteReader final : public Reader {
 public:
  explicit SqliteReader(SqliteConnection& connection) : connection_(connection) {}
  Result<Rows> Query(std::string_view statement, const Values& parameters) override {
    auto rows = connection_.Query(statement, parameters);
    if (!rows.ok() && IsFatal(rows.error())) fatal = rows.error();
    return rows;
  }

  std::optional<Error> fatal;

 private:
  SqliteConnection& connection_;
};

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(SqliteConnection& connection, std::int64_t& sequence, Time now)
      : connection_(connection), sequence_(sequence), now_(now) {}

  Result<Rows> Query(std::string_view statement, const Values& parameters) override {
    return Do<Rows>([&] { return connection_.Query(statement, parameters); });
  }
  Result<std::int64_t> Execute(std::string_view statement, const Values& parameters) override {
    return Do<std::int64_t>([&] { return connection_.Execute(statement, parameters); });
  }
  void Announce(std::string_view topic, std::string_view key, std::string_view record) override {
    announced = true;
    static_cast<void>(InsertAnnouncement(*this, Engine::kSqlite, ++sequence_, now_, topic, key, record));
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

  SqliteConnection& connection_;
  std::int64_t& sequence_;
  Time now_;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(const Options& options, Log log)
      : options_(options), log_(std::move(log)), queue_({.max_waiting = options.max_waiting_writes}), outbox_(*this) {}

  ~SqliteDatabase() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    checkpoint_wanted_.notify_all();
    if (checkpointer_.joinable()) checkpointer_.join();
  }

  Status Open(std::span<const Migration> migrations) {
    std::string directory = std::filesystem::path(options_.path).parent_path();
    if (!directory.empty()) ALOFT_TRY(os::MakeDirectories(directory, 0700));
    ALOFT_ASSIGN(writer_, SqliteConnection::Open(options_.path, 4096));
    ALOFT_ASSIGN(checkpoint_connection_, SqliteConnection::Open(options_.path, 256));
    for (int i = 0; i < std::max(1, options_.readers); ++i) {
      ALOFT_ASSIGN(auto reader, SqliteConnection::Open(options_.path, 2048));
      ALOFT_TRY(reader->Run("PRAGMA query_only = ON"));
      idle_.push_back(reader.get());
      readers_.push_back(std::move(reader));
    }
    std::vector<Migration> all = OwnMigrations();
    all.insert(all.end(), migrations.begin(), migrations.end());
    ALOFT_TRY(Write(
        [&](Transaction& transaction) { return Migrate(transaction, Engine::kSqlite, all, ToMicros(clock_.Now())); }));
    ALOFT_ASSIGN(sequence_, Read([](Reader& reader) { return LastSequence(reader); }));
    sqlite3_wal_hook(writer_->handle(), &SqliteDatabase::OnCommit, this);
    checkpointer_ = std::thread([this] { CheckpointLoop(); });
    return {};
  }

  Engine engine() const override { return Engine::kSqlite; }
  Outbox& outbox() override { return outbox_; }

 protected:
  Status RunWrite(const std::function<Status(Transaction&)>& closure) override {
    ALOFT_TRY(os::MayBlock());
    if (t_writing == this) return Fail(kInternal, "Internal error.", "a Write inside a Write");
    if (read_only_.load(std::memory_order_relaxed)) return ReadOnly();
    Job job;
    job.closure = &closure;
    ALOFT_TRY(queue_.Run(job, [this](std::span<CommitQueue::Ticket* const> group) { CommitGroup(group); }));
    return std::move(job.outcome);
  }

  Status RunRead(const std::function<Status(Reader&)>& closure) override {
    ALOFT_TRY(os::MayBlock());
    SqliteConnection* connection = nullptr;
    {
      std::unique_lock lock(mutex_);
      if (!reader_free_.wait_for(lock, kReaderPatience, [&] { return !idle_.empty(); }))
        return Fail(kUnavailable, "The database is busy; try again later.");
      connection = idle_.back();
      idle_.pop_back();
    }
    Status status = connection->Run("BEGIN");
    if (status.ok()) {
      SqliteReader reader(*connection);
      status = RunClosure<Reader>(closure, reader);
      if (reader.fatal) RefuseWrites(*reader.fatal);
      static_cast<void>(connection->Run("ROLLBACK"));
    }
    {
      std::lock_guard lock(mutex_);
      idle_.push_back(connection);
    }
    reader_free_.notify_one();
    return status;
  }

 private:
  struct Job : CommitQueue::Ticket {
    const std::function<Status(Transaction&)>* closure = nullptr;
    Status outcome;
  };

  static Error ReadOnly() {
    return Fail(kDatabaseReadOnly, "The database refuses writes after a disk error; the server's log says which.");
  }

  void RefuseWrites(const Error& cause) {
    if (!read_only_.exchange(true))
      log_.Error("sql: refusing writes until the database is reopened", {{"cause", Describe(cause)}});
  }

  // One thread at a time.
  void CommitGroup(std::span<CommitQueue::Ticket* const> group) {
    bool announced = false;
    Status committed = read_only_.load(std::memory_order_relaxed) ? Status(ReadOnly()) : RunGroup(group, announced);
    if (committed.ok()) {
      if (announced) outbox_.Wake();
      return;
    }
    if (!writer_->autocommit()) static_cast<void>(writer_->Run("ROLLBACK"));
    if (IsFatal(committed.error())) RefuseWrites(committed.error());
    for (CommitQueue::Ticket* ticket : group) static_cast<Job*>(ticket)->outcome = committed;
  }

  // Each closure in a savepoint of one transaction. A failed closure takes only its own changes back; an error returned
  // here takes back everything.
  Status RunGroup(std::span<CommitQueue::Ticket* const> group, bool& announced) {
    ALOFT_TRY(writer_->Run("BEGIN IMMEDIATE"));
    for (CommitQueue::Ticket* ticket : group) {
      auto& job = static_cast<Job&>(*ticket);
      ALOFT_TRY(writer_->Run("SAVEPOINT one"));
      SqliteTransaction transaction(*writer_, sequence_, clock_.Now());
      t_writing = this;
      job.outcome = RunClosure<Transaction>(*job.closure, transaction);
      t_writing = nullptr;
      if (transaction.failed && job.outcome.ok()) job.outcome = *transaction.failed;
      // SQLite has ended the whole transaction: the disk is full, or worse.
      if (writer_->autocommit() || (transaction.failed && IsFatal(*transaction.failed)))
        return transaction.failed ? *transaction.failed : Fail(kInternal, "Internal error.", "a closure committed");
      if (!job.outcome.ok()) ALOFT_TRY(writer_->Run("ROLLBACK TO one"));
      ALOFT_TRY(writer_->Run("RELEASE one"));
      announced = announced || (transaction.announced && job.outcome.ok());
    }
    if (auto error = FaultError("sql.commit")) return *error;
    return writer_->Run("COMMIT");
  }

  static int OnCommit(void* self, sqlite3*, const char*, int pages) {
    auto* database = static_cast<SqliteDatabase*>(self);
    database->log_pages_.store(pages, std::memory_order_relaxed);
    database->commits_.fetch_add(1, std::memory_order_relaxed);
    if (pages >= database->options_.checkpoint_pages) database->checkpoint_wanted_.notify_one();
    return SQLITE_OK;
  }

  void CheckpointLoop() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      checkpoint_wanted_.wait_for(lock, kCheckpointTick);
      int pages = log_pages_.load(std::memory_order_relaxed);
      std::uint64_t commits = commits_.load(std::memory_order_relaxed);
      bool idle = commits == seen && pages >= kIdleCheckpointPages;
      seen = commits;
      if (stopping_ || (!idle && pages < options_.checkpoint_pages)) continue;
      lock.unlock();
      Checkpoint(pages);
      lock.lock();
    }
  }

  // PASSIVE copies beside writers; if they outrun it, RESTART makes them wait once, so that the log stays bounded.
  void Checkpoint(int pages) {
    int mode = pages > 4 * options_.checkpoint_pages ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    int in_log = 0, copied = 0;
    int code = sqlite3_wal_checkpoint_v2(checkpoint_connection_->handle(), nullptr, mode, &in_log, &copied);
    if (code == SQLITE_OK && in_log == copied) log_pages_.store(0, std::memory_order_relaxed);
    if (code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY) return;
    Error error = SqliteError(checkpoint_connection_->handle(), code, "checkpoint");
    if (IsFatal(error)) return RefuseWrites(error);
    log_.Warn("sql: a checkpoint failed", {{"cause", Describe(error)}});
  }

  const Options options_;
  Log log_;
  SystemClock clock_;
  std::unique_ptr<SqliteConnection> writer_;
  std::unique_ptr<SqliteConnection> checkpoint_connection_;
  std::vector<std::unique_ptr<SqliteConnection>> readers_;
  std::int64_t sequence_ = 0;  // of announcements; the committing thread's own
  std::atomic<bool> read_only_{false};
  std::atomic<int> log_pages_{0};
  std::atomic<std::uint64_t> commits_{0};
  CommitQueue queue_;
  SqlOutbox outbox_;

  std::mutex mutex_;
  std::condition_variable reader_free_;
  std::condition_variable checkpoint_wanted_;
  std::vector<SqliteConnection*> idle_;
  bool stopping_ = false;
  std::thread checkpointer_;
};

}  // namespace

Result<std::unique_ptr<Database>> OpenSqlite(const Options& options, std::span<const Migration> migrations, Log log) {
  auto database = std::make_unique<SqliteDatabase>(options, std::move(log));
  ALOFT_TRY(database->Open(migrations));
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace aloft::sql
