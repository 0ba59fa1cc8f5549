#include "foundation/sql/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "foundation/sql/testing_engines.h"

namespace aloft::sql {
namespace {

using ::testing::HasSubstr;

const std::vector<Migration>& Schema() {
  static const std::vector<Migration> kSchema{{
      .room = "test",
      .version = 1,
      .statements = {"CREATE TABLE things (name TEXT PRIMARY KEY, number INTEGER, ratio REAL, bytes BLOB)",
                     "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"},
  }};
  return kSchema;
}

class DatabaseTest : public EngineTest {
 protected:
  void SetUp() override { Open(Schema()); }
  Status Insert(const std::string& name, std::int64_t number) {
    return database_->Write([&](Transaction& t) -> Status {
      ALOFT_TRY(t.Execute("INSERT INTO things (name, number) VALUES ($1, $2)", {name, number}));
      return {};
    });
  }
  std::vector<std::string> Names() {
    auto rows = database_->Read([](Reader& r) { return r.Query("SELECT name FROM things ORDER BY name"); }).value();
    std::vector<std::string> names;
    for (const Row& row : rows) names.push_back(row.Text(0));
    return names;
  }
};

// Every type of value comes back as it went in, at the edges too; parameters are found by number, not by order.
TEST_P(DatabaseTest, ValuesRoundTrip) {
  using namespace std::string_literals;
  Bytes bytes{"\0\xff'\\"s};
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) {
                    return t.Execute("INSERT INTO things (bytes, ratio, number, name) VALUES ($4, $3, $2, $1)",
                                     {"naïve", INT64_MIN, 0.1, bytes});
                  })
                  .ok());
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) {
                    return t.Execute("INSERT INTO things (name, number, ratio, bytes) VALUES ($1, $2, $3, $4)",
                                     {"", nullptr, nullptr, Bytes{}});
                  })
                  .ok());
  auto rows = database_
                  ->Read([](Reader& r) {
                    return r.Query("SELECT name, number, ratio, bytes, count(*) OVER () FROM things ORDER BY name");
                  })
                  .value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].Text(0), "");
  EXPECT_TRUE(rows[0].IsNull(1));
  EXPECT_TRUE(rows[0].IsNull(2));
  EXPECT_EQ(rows[0].Blob(3), "");
  EXPECT_EQ(rows[1].Text(0), "naïve");
  EXPECT_EQ(rows[1].Int(1), INT64_MIN);
  EXPECT_EQ(rows[1].Real(2), 0.1);
  EXPECT_EQ(rows[1].Blob(3), bytes.value);
  EXPECT_EQ(rows[1].Int(4), 2);
}

// Text is ordered and compared by its bytes on every engine, and LIKE minds the case.
TEST_P(DatabaseTest, TextIsBytes) {
  for (const char* name : {"b", "A", "a", "é", "B"}) ASSERT_TRUE(Insert(name, 1).ok());
  EXPECT_EQ(Names(), (std::vector<std::string>{"A", "B", "a", "b", "é"}));
  auto rows = database_->Read([](Reader& r) { return r.Query("SELECT name FROM things WHERE name LIKE 'a%'"); });
  EXPECT_EQ(rows->size(), 1u);
}

// A name that is taken is an error a service can tell from all others, and the transaction is over with it.
TEST_P(DatabaseTest, TakenNameIsItsOwnReason) {
  ASSERT_TRUE(Insert("a", 1).ok());
  EXPECT_EQ(Insert("a", 2).error().reason, kAlreadyExistsRow);
  Status continued = database_->Write([](Transaction& t) -> Status {
    static_cast<void>(t.Execute("INSERT INTO things (name) VALUES ($1)", {"b"}));
    EXPECT_FALSE(t.Execute("INSERT INTO things (name) VALUES ($1)", {"a"}).ok());
    EXPECT_FALSE(t.Query("SELECT 1").ok());
    return {};
  });
  EXPECT_EQ(continued.error().reason, kAlreadyExistsRow);
  EXPECT_EQ(Names(), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(Insert("c", 3).ok());
}

// The count of changed rows is how a caller sees that an update with a condition or ON CONFLICT DO NOTHING did nothing.
TEST_P(DatabaseTest, CountsChangedRows) {
  ASSERT_TRUE(Insert("a", 1).ok());
  ASSERT_TRUE(Insert("b", 1).ok());
  auto run = [&](std::string_view statement) {
    return database_->Write([&](Transaction& t) { return t.Execute(statement); }).value();
  };
  EXPECT_EQ(run("UPDATE things SET number = 2"), 2);
  EXPECT_EQ(run("UPDATE things SET number = 3 WHERE name = 'x'"), 0);
  EXPECT_EQ(run("INSERT INTO things (name) VALUES ('a') ON CONFLICT (name) DO NOTHING"), 0);
  EXPECT_EQ(run("DELETE FROM things WHERE name = 'a'"), 1);
  EXPECT_EQ(run("SELECT 1"), 0);
}

// A closure that fails takes back its own changes, and nobody else's in the same commit.
TEST_P(DatabaseTest, FailedClosureLeavesNothing) {
  Status failed = database_->Write([&](Transaction& t) -> Status {
    ALOFT_TRY(t.Execute("INSERT INTO things (name) VALUES ('gone')"));
    t.Announce("test", "gone", "");
    return Fail(kInvalidArgument, "no");
  });
  EXPECT_EQ(failed.error().reason, kInvalidArgument);
  EXPECT_TRUE(Names().empty());
  EXPECT_TRUE(database_->outbox().Read("", "", 10)->entries.empty());
}

// Code of a room must not be able to bring the writer down.
TEST_P(DatabaseTest, ExceptionsAreCaught) {
  auto thrown = database_->Write([](Transaction&) -> Status { throw std::runtime_error("boom"); });
  EXPECT_EQ(thrown.error().reason, kInternal);
  auto nested = database_->Write([&](Transaction&) -> Status { return Insert("inner", 1); });
  EXPECT_EQ(nested.error().reason, kInternal);
  EXPECT_TRUE(Insert("a", 1).ok());
}

// A read sees one state of the database, whatever is committed meanwhile.
TEST_P(DatabaseTest, ReadsAreSnapshots) {
  ASSERT_TRUE(Insert("a", 1).ok());
  auto counts = database_->Read([&](Reader& r) -> Result<std::pair<std::int64_t, std::int64_t>> {
    ALOFT_ASSIGN(Rows before, r.Query("SELECT count(*) FROM things"));
    EXPECT_TRUE(Insert("b", 1).ok());
    ALOFT_ASSIGN(Rows after, r.Query("SELECT count(*) FROM things"));
    return std::pair(before[0].Int(0), after[0].Int(0));
  });
  EXPECT_EQ(counts->first, 1);
  EXPECT_EQ(counts->second, 1);
  EXPECT_EQ(Names().size(), 2u);
}

// A read cannot write.
TEST_P(DatabaseTest, ReadsDoNotWrite) {
  auto rows = database_->Read([](Reader& r) { return r.Query("DELETE FROM things RETURNING name"); });
  EXPECT_FALSE(rows.ok());
  EXPECT_TRUE(Insert("a", 1).ok());
}

// Read, add one, write, from many threads: no increment is lost, and every closure sees those before it.
TEST_P(DatabaseTest, ConcurrentIncrementsAreNotLost) {
  constexpr int kThreads = 8, kEach = 25;
  ASSERT_TRUE(
      database_->Write([](Transaction& t) { return t.Execute("INSERT INTO counters VALUES ('all', 0)"); }).ok());
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach; ++done) {
        Status status = database_->Write([](Transaction& t) -> Status {
          ALOFT_ASSIGN(Rows rows, t.Query("SELECT value FROM counters WHERE name = 'all'"));
          ALOFT_TRY(t.Execute("UPDATE counters SET value = $1 WHERE name = 'all'", {rows.at(0).Int(0) + 1}));
          return {};
        });
        if (!status.ok()) {
          ++failures;
          ADD_FAILURE() << Describe(status.error());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto rows = database_->Read([](Reader& r) { return r.Query("SELECT value FROM counters"); }).value();
  EXPECT_EQ(rows[0].Int(0), kThreads * kEach - failures);
}

// What was written is there after the database was closed and opened again.
TEST_P(DatabaseTest, SurvivesReopening) {
  ASSERT_TRUE(Insert("a", 7).ok());
  Open(Schema());
  EXPECT_EQ(Names(), (std::vector<std::string>{"a"}));
}

// A statement that only SQLite understands fails on SQLite already.
TEST_P(DatabaseTest, UnportableStatementsAreRefused) {
  auto run = [&](std::string_view statement, const Values& values) {
    return database_->Write([&](Transaction& t) { return t.Execute(statement, values); }).ok();
  };
  EXPECT_FALSE(run("INSERT OR REPLACE INTO things (name) VALUES ('a')", {}));
  EXPECT_FALSE(run("INSERT INTO things (name) VALUES (?)", {"a"}));
  EXPECT_FALSE(run("INSERT INTO things (name) VALUES ($1)", {"a", "b"}));
  EXPECT_FALSE(run("INSERT INTO things (name) VALUES (\"a\")", {}));
  EXPECT_FALSE(run("INSERT INTO things (name, number) VALUES ('a', 'text')", {}));
  EXPECT_TRUE(run("INSERT INTO things (name) VALUES ('?')", {}));
}

// A newer step is applied once; one that changed after its release, or a database beyond us, is refused with the
// reason.
TEST_P(DatabaseTest, MigrationsStepForward) {
  std::vector<Migration> newer = Schema();
  newer.push_back({.room = "test", .version = 2, .statements = {"ALTER TABLE things ADD COLUMN note TEXT"}});
  Open(newer);
  Open(newer);
  ASSERT_TRUE(database_->Write([](Transaction& t) { return t.Execute("UPDATE things SET note = 'x'"); }).ok());
  Open(Schema());  // expanded only: the older program goes on
  newer.push_back(
      {.room = "test", .version = 3, .statements = {"ALTER TABLE things DROP COLUMN note"}, .min_reader = 2});
  Open(newer);
  Status refused = TryOpen(Schema());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, kDatabaseTooNew);
  EXPECT_THAT(refused.error().message, HasSubstr("'test' tables have version 3"));
  std::vector<Migration> changed = newer;
  changed[0].statements.pop_back();
  EXPECT_EQ(TryOpen(changed).error().reason, kDatabaseTooNew);
}

// A step that fails leaves the database at the version before it.
TEST_P(DatabaseTest, FailedMigrationLeavesNothing) {
  std::vector<Migration> broken = Schema();
  broken.push_back(
      {.room = "test", .version = 2, .statements = {"ALTER TABLE things ADD COLUMN note TEXT", "NONSENSE"}});
  EXPECT_FALSE(TryOpen(broken).ok());
  broken[1].statements.pop_back();
  Open(broken);
  EXPECT_TRUE(Insert("a", 1).ok());
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), EngineName);

}  // namespace
}  // namespace aloft::sql
