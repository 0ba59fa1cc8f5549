#include "platform/keys/reseal.h"

#include <gtest/gtest.h>

#include "foundation/base/random.h"
#include "foundation/sql/testing_engines.h"

namespace aloft::keys {
namespace {

using std::chrono::seconds;

const std::vector<sql::Migration> kSchema = {{"secrets",
                                              1,
                                              {"CREATE TABLE secrets (owner TEXT NOT NULL, number INTEGER NOT NULL, "
                                               "sealed BLOB NOT NULL, PRIMARY KEY (owner, number))"}}};

class ResealTest : public sql::EngineTest {
 protected:
  void SetUp() override {
    Open(kSchema);
    auto opened = Keyring::OpenFile(directory_.path() + "/keys/root.key", random_);
    ASSERT_TRUE(opened.ok()) << Describe(opened.error());
    keyring_ = std::move(*opened);
  }
  SealSource Source() {
    return SqlSource(*database_, *keyring_,
                     {"secrets", "sealed", "owner || '/' || number", "test/", "owner || '/' || number"});
  }
  Resealer Make(std::vector<SealSource> sources, seconds settle = seconds(0)) {
    return {*keyring_, directory_.path() + "/keys/resealed", std::move(sources), settle, clock_, Log::Discard()};
  }
  void Insert(int count, const std::string& context = "test/") {
    const auto done = database_->Write([&](sql::Transaction& t) -> Status {
      for (int i = 0; i < count; ++i)
        ALOFT_TRY(
            t.Execute("INSERT INTO secrets (owner, number, sealed) VALUES ('ada', $1, $2)",
                      {std::int64_t{i}, sql::Bytes{keyring_->Seal("secret", context + "ada/" + std::to_string(i))}}));
      return {};
    });
    ASSERT_TRUE(done.ok()) << Describe(done.error());
  }
  // How many rows open and are under the newest key.
  int Current() {
    const auto rows = database_->Read([](sql::Reader& r) { return r.Query("SELECT number, sealed FROM secrets"); });
    int out = 0;
    for (const sql::Row& row : *rows)
      out += keyring_->IsCurrent(row.Blob(1)) &&
             keyring_->Open(row.Blob(1), "test/ada/" + std::to_string(row.Int(0))).ok();
    return out;
  }
  // Steps until it idles; a bound on a hang.
  static void Run(Resealer& resealer) {
    for (int i = 0; i < 1000 && !resealer.GetStatus().complete; ++i) ASSERT_TRUE(resealer.Step().ok());
  }

  ManualClock clock_;
  SeededRandom random_{3};
  std::unique_ptr<Keyring> keyring_;
};
INSTANTIATE_TEST_SUITE_P(Engines, ResealTest, testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres),
                         sql::EngineName);

// After a rotation nothing is left under the old key, over several pages, and a restart does not begin again.
TEST_P(ResealTest, EverythingMovesToTheNewestKey) {
  Insert(250);
  ASSERT_TRUE(keyring_->Rotate().ok());
  EXPECT_EQ(Current(), 0);
  Resealer resealer = Make({Source()});
  ASSERT_TRUE(resealer.Step().ok());
  EXPECT_FALSE(resealer.GetStatus().complete);
  Run(resealer);
  EXPECT_EQ(Current(), 250);
  EXPECT_EQ(resealer.GetStatus().renewed, 250u);
  int asked = 0;
  Resealer next = Make({{"counted", [&](const std::string&) -> Result<ResealPage> {
                           ++asked;
                           return ResealPage{};
                         }}});
  ASSERT_TRUE(next.Step().ok());
  EXPECT_TRUE(next.GetStatus().complete);
  EXPECT_EQ(asked, 0);
  ASSERT_TRUE(keyring_->Rotate().ok());
  Run(next);
  ASSERT_TRUE(next.Step().ok());
  EXPECT_GT(asked, 0);
}

// Wherever it dies, each record is under one of the keys, and the next start finishes.
TEST_P(ResealTest, ADeathLosesNothing) {
  Insert(250);
  ASSERT_TRUE(keyring_->Rotate().ok());
  {
    Resealer dies = Make({Source()});
    ASSERT_TRUE(dies.Step().ok());
  }
  EXPECT_EQ(Current(), 100);
  Resealer next = Make({Source()});
  ASSERT_TRUE(next.Step().ok());
  Run(next);
  EXPECT_EQ(Current(), 250);
}

// A seal that does not open stays as it is and keeps the work from being called complete.
TEST_P(ResealTest, WhatDoesNotOpenIsToldAndKept) {
  Insert(3, "elsewhere/");
  ASSERT_TRUE(keyring_->Rotate().ok());
  Resealer resealer = Make({Source()});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(resealer.Step().ok());
  EXPECT_FALSE(resealer.GetStatus().complete);
  EXPECT_EQ(resealer.GetStatus().failed, 3u);
}

// Another replica may seal with the old key until it has seen the new one: a pass from before that is not the last.
TEST_P(ResealTest, WaitsForOthersToNotice) {
  Insert(3);
  const std::string late = keyring_->Seal("secret", "test/ada/7");
  ASSERT_TRUE(keyring_->Rotate().ok());
  Resealer resealer = Make({Source()}, seconds(60));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(resealer.Step().ok());
  EXPECT_EQ(Current(), 3);
  EXPECT_FALSE(resealer.GetStatus().complete);
  ASSERT_TRUE(database_
                  ->Write([&](sql::Transaction& t) -> Status {
                    ALOFT_TRY(t.Execute("INSERT INTO secrets (owner, number, sealed) VALUES ('ada', 7, $1)",
                                        {sql::Bytes{late}}));
                    return {};
                  })
                  .ok());
  clock_.Advance(seconds(61));
  Run(resealer);
  EXPECT_EQ(Current(), 4);
}

}  // namespace
}  // namespace aloft::keys
