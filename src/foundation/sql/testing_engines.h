// The engines a test of this room runs on. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "foundation/sql/database.h"
#include "foundation/sql/testing/postgres.h"

namespace aloft::sql {

// An empty directory that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "aloft-sql-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One empty database per test; Reopen() closes and opens it again.
class EngineTest : public ::testing::TestWithParam<Engine> {
 protected:
  Options MakeOptions() {
    Options options;
    options.engine = GetParam();
    options.path = directory_.path() + "/records/aloft.db";
    if (GetParam() == Engine::kPostgres && connection_.empty()) {
      auto made = testing::NewPostgresDatabase();
      if (made.ok()) connection_ = *made;
      EXPECT_TRUE(made.ok()) << Describe(made.error());
    }
    options.connection = connection_;
    return options;
  }
  Status TryOpen(const std::vector<Migration>& migrations) {
    database_.reset();
    ALOFT_ASSIGN(database_, Database::Open(MakeOptions(), migrations, Log::Discard()));
    return {};
  }
  void Open(const std::vector<Migration>& migrations) {
    Status opened = TryOpen(migrations);
    ASSERT_TRUE(opened.ok()) << Describe(opened.error());
  }

  TemporaryDirectory directory_;
  std::string connection_;
  std::unique_ptr<Database> database_;
};

inline std::string EngineName(const ::testing::TestParamInfo<Engine>& info) {
  return info.param == Engine::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace aloft::sql
