// SQLite with a durable commit: one caller and many that share it; point reads.
#include "foundation/sql/database.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <filesystem>

namespace aloft::sql {
namespace {

class Fixture {
 public:
  Fixture() {
    std::string name = std::filesystem::path(".") / "sql-bench-XXXXXX";
    directory_ = mkdtemp(name.data());
    Options options;
    options.path = directory_ + "/aloft.db";
    std::vector<Migration> schema{
        {.room = "bench",
         .version = 1,
         .statements = {"CREATE TABLE jobs (account TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL, "
                        "PRIMARY KEY (account, name)) WITHOUT ROWID"}}};
    database_ = Database::Open(options, schema, Log::Discard()).value();
  }
  ~Fixture() {
    database_.reset();
    std::filesystem::remove_all(directory_);
  }
  Database& database() { return *database_; }
  std::atomic<std::uint64_t> next{0};

 private:
  std::string directory_;
  std::unique_ptr<Database> database_;
};

Fixture& Shared() {
  static Fixture fixture;
  return fixture;
}

void Insert(benchmark::State& state) {
  std::string document(300, 'd');
  for (auto _ : state) {
    std::string name = "job-" + std::to_string(Shared().next++);
    ALOFT_CHECK(Shared()
                    .database()
                    .Write([&](Transaction& t) {
                      return t.Execute("INSERT INTO jobs (account, name, document) VALUES ($1, $2, $3)",
                                       {"000000000000", name, document});
                    })
                    .ok());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Insert)->UseRealTime()->ThreadRange(1, 64)->MeasureProcessCPUTime();

void Find(benchmark::State& state) {
  std::uint64_t number = 0;
  std::uint64_t count = std::max<std::uint64_t>(1, Shared().next);
  for (auto _ : state) {
    std::string name = "job-" + std::to_string(number++ % count);
    benchmark::DoNotOptimize(Shared().database().Read([&](Reader& r) {
      return r.Query("SELECT document FROM jobs WHERE account = $1 AND name = $2", {"000000000000", name});
    }));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(Find);

}  // namespace
}  // namespace aloft::sql
