// The engines a test of this room runs on. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "foundation/kv/store.h"
#include "foundation/sql/testing/postgres.h"

namespace aloft::kv {

// An empty directory that goes with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "aloft-kv-XXXXXX";
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

// One empty store per test; Reopen() closes and opens it again where the engine keeps anything.
class EngineTest : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { Open(); }
  Options MakeOptions() {
    Options options;
    options.engine = GetParam();
    options.path = directory_.path();
    if (GetParam() == Engine::kPostgres && connection_.empty()) {
      auto made = sql::testing::NewPostgresDatabase();
      if (made.ok()) connection_ = *made;
      EXPECT_TRUE(made.ok()) << Describe(made.error());
    }
    options.connection = connection_;
    return options;
  }
  Status TryOpen() {
    store_.reset();
    ALOFT_ASSIGN(store_, Store::Open(MakeOptions(), Log::Discard()));
    return {};
  }
  void Open() {
    Status opened = TryOpen();
    ASSERT_TRUE(opened.ok()) << Describe(opened.error());
  }
  void Reopen() {
    if (GetParam() == Engine::kMemory) return;
    Open();
  }

  TemporaryDirectory directory_;
  std::string connection_;
  std::unique_ptr<Store> store_;
};

inline std::string EngineName(const testing::TestParamInfo<Engine>& info) {
  switch (info.param) {
    case Engine::kMemory: return "Memory";
    case Engine::kRocks: return "Rocks";
    case Engine::kPostgres: return "Postgres";
  }
  return "Unknown";
}

}  // namespace aloft::kv
