#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "foundation/base/fault_point.h"
#include "foundation/sql/testing_engines.h"

namespace aloft::sql {
namespace {

const std::vector<Migration>& Schema() {
  static const std::vector<Migration> kSchema{
      {.room = "test", .version = 1, .statements = {"CREATE TABLE things (name TEXT PRIMARY KEY)"}}};
  return kSchema;
}

class DurabilityTest : public EngineTest {
 protected:
  static Status Insert(Database& database, const std::string& name) {
    return database.Write([&](Transaction& t) -> Status {
      ALOFT_TRY(t.Execute("INSERT INTO things (name) VALUES ($1)", {name}));
      t.Announce("things", name, name);
      return {};
    });
  }
  std::size_t Count() {
    return database_->Read([](Reader& r) { return r.Query("SELECT name FROM things"); })->size();
  }
};

// The death of the process at any moment loses no acknowledged write. The child acknowledges through a pipe after each
// Write, from several threads, and dies in the middle of that.
TEST_P(DurabilityTest, AcknowledgedWritesSurviveKill) {
  Options options = MakeOptions();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    close(ends[0]);
    auto database = Database::Open(options, Schema(), Log::Discard());
    if (!database.ok()) _exit(1);
    for (int t = 0; t < 4; ++t) {
      std::thread([&, t] {
        for (int i = 0;; ++i) {
          std::string name = std::to_string(t) + "-" + std::to_string(i) + "\n";
          if (!Insert(**database, name).ok()) _exit(1);
          if (write(ends[1], name.data(), name.size()) < 0) _exit(1);
        }
      }).detach();
    }
    while (true) pause();
  }
  close(ends[1]);
  std::string acknowledged;
  char buffer[4096];
  while (std::count(acknowledged.begin(), acknowledged.end(), '\n') < 300) {
    ssize_t got = read(ends[0], buffer, sizeof buffer);
    ASSERT_GT(got, 0);
    acknowledged.append(buffer, static_cast<std::size_t>(got));
  }
  kill(child, SIGKILL);
  for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
    acknowledged.append(buffer, static_cast<std::size_t>(got));
  close(ends[0]);
  waitpid(child, nullptr, 0);

  Open(Schema());
  auto rows = database_->Read([](Reader& r) { return r.Query("SELECT name FROM things"); }).value();
  std::set<std::string> names;
  for (const Row& row : rows) names.insert(row.Text(0));
  for (std::string_view rest = acknowledged; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    EXPECT_TRUE(names.contains(std::string(rest.substr(0, rest.find('\n') + 1))));
  // Each write and its announcement are one.
  std::size_t announced = 0;
  OutboxPosition position;
  for (bool more = true; more;) {
    auto page = database_->outbox().Read(position, "", 100).value();
    for (auto& each : page.entries) EXPECT_TRUE(names.contains(each.key));
    announced += page.entries.size();
    position = page.next;
    more = page.more;
  }
  EXPECT_EQ(announced, names.size());
}

INSTANTIATE_TEST_SUITE_P(Engines, DurabilityTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), EngineName);

class SqliteFailureTest : public DurabilityTest {
 protected:
  void SetUp() override { Open(Schema()); }
  void TearDown() override { ArmFaultPoints("none=error@1"); }
};

// After a failed fsync nobody knows what is on the disk: every write of that commit fails, later ones are refused,
// reads go on, and reopening finds only what was acknowledged.
TEST_P(SqliteFailureTest, FailedCommitMakesReadOnly) {
  ASSERT_TRUE(Insert(*database_, "before").ok());
  ASSERT_TRUE(ArmFaultPoints("sql.commit=error@1"));
  EXPECT_EQ(Insert(*database_, "during").error().reason, kIoError);
  EXPECT_EQ(Insert(*database_, "after").error().reason, kDatabaseReadOnly);
  EXPECT_EQ(Count(), 1u);
  Open(Schema());
  EXPECT_EQ(Count(), 1u);
  EXPECT_TRUE(Insert(*database_, "after").ok());
}

// A damaged file is noticed when it is read, said so, and never written to again.
TEST_P(SqliteFailureTest, CorruptionIsNoticed) {
  ASSERT_TRUE(database_
                  ->Write([](Transaction& t) -> Status {
                    for (int i = 0; i < 2000; ++i)
                      ALOFT_TRY(t.Execute("INSERT INTO things (name) VALUES ($1)", {"name-" + std::to_string(i)}));
                    return {};
                  })
                  .ok());
  database_.reset();
  int fd = open(MakeOptions().path.c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  off_t size = lseek(fd, 0, SEEK_END);
  std::string junk(4096, '\x5a');
  for (off_t at = 4096; at < size; at += 4096) ASSERT_EQ(pwrite(fd, junk.data(), junk.size(), at), 4096);
  close(fd);
  Status opened = TryOpen(Schema());
  if (opened.ok()) opened = Insert(*database_, "x");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().reason, kCorrupt) << Describe(opened.error());
}

INSTANTIATE_TEST_SUITE_P(Engines, SqliteFailureTest, ::testing::Values(Engine::kSqlite), EngineName);

}  // namespace
}  // namespace aloft::sql
