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
  void Open() {
    Options options;
    options.engine = GetParam();
    options.path = directory_.path();
    if (GetParam() == Engine::kPostgres && connection_.empty()) {
      auto made = sql::testing::NewPostgresDatabase();
      ASSERT_TRUE(made.ok()) << Describe(made.error());
      connection_ = *made;
    }
    options.connection = connection_;
    auto store = Store::Open(options, Log::Discard());
    ASSERT_TRUE(store.ok()) << Describe(store.error());
    store_ = std::move(store).value();
  }
  void Reopen() {
    if (GetParam() == Engine::kMemory) return;
    store_.reset();
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
