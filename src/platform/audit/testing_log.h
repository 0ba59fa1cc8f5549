// An audit log on real stores for tests of this room. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "foundation/kv/testing_engines.h"
#include "platform/audit/service.h"
#include "platform/audit/signer.h"
#include "platform/audit/verify.h"

namespace aloft::audit {

// RocksDB with SQLite, or PostgreSQL for both.
class AuditTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      auto made = sql::testing::NewPostgresDatabase();
      ASSERT_TRUE(made.ok()) << Describe(made.error());
      connection_ = *made;
    }
    keyring_ = keys::Keyring::Ephemeral(random_);
    OpenStores();
    OpenLog();
  }
  void TearDown() override { log_.reset(); }

  void OpenStores() {
    store_.reset();
    database_.reset();
    kv::Options kv_options;
    kv_options.engine = GetParam() ? kv::Engine::kPostgres : kv::Engine::kRocks;
    kv_options.path = directory_.path() + "/kv";
    kv_options.connection = connection_;
    auto store = kv::Store::Open(kv_options, Log::Discard());
    ASSERT_TRUE(store.ok()) << Describe(store.error());
    store_ = NoteWrites(std::move(*store));
    sql::Options sql_options;
    sql_options.engine = GetParam() ? sql::Engine::kPostgres : sql::Engine::kSqlite;
    sql_options.path = directory_.path() + "/sql/db";
    sql_options.connection = connection_;
    std::vector<sql::Migration> migrations(Migrations().begin(), Migrations().end());
    migrations.push_back({.room = "test", .version = 1, .statements = {"CREATE TABLE things (name TEXT PRIMARY KEY)"}});
    auto database = sql::Database::Open(sql_options, migrations, Log::Discard());
    ASSERT_TRUE(database.ok()) << Describe(database.error());
    database_ = NoteWrites(std::move(*database));
  }

  std::unique_ptr<Service> NewLog(const std::string& chain) {
    Options options;
    options.chain = chain;
    options.max_waiting_bytes = max_waiting_bytes_;
    options.retention = retention_;
    auto log = Service::Open(options, *database_, *store_, *keyring_, clock_, random_, Log::Discard(), metrics_);
    EXPECT_TRUE(log.ok()) << Describe(log.error());
    return std::move(*log);
  }
  void OpenLog() { log_ = NewLog("a"); }
  // As kill -9 leaves it: what only memory held is gone.
  void Crash() {
    static auto* dead = new std::vector<Service*>();
    dead->push_back(log_.release());  // a dead process runs no destructor; still reachable, so no leak to a sanitizer
    OpenLog();
  }

  Facts MakeFacts(std::string_view service, std::string_view operation) {
    clock_.Advance(std::chrono::milliseconds(10));
    Facts facts;
    facts.at = clock_.Now();
    facts.account = AccountId("123456789012");
    facts.session.kind = identity::PrincipalKind::kUser;
    facts.session.account = facts.account;
    facts.session.arn = "arn:aws:iam::123456789012:user/alice";
    facts.session.principal_id = "AIDAALICE";
    facts.session.user_name = "alice";
    facts.session.access_key_id = "AKIAALICE";
    facts.region = Region("us-east-1");
    facts.service = service;
    facts.operation = operation;
    facts.kind = Classify(service, operation);
    facts.address = "10.0.0.7";
    facts.user_agent = "test";
    facts.request_id = "request";
    facts.parameters = R"({"userName":"bob"})";
    facts.resources = {"arn:aws:iam::123456789012:user/bob"};
    return facts;
  }

  // A change in sql, and its answer. Returns the event's id.
  std::string ChangeSql(const std::string& thing, bool answered = true) {
    auto entry = log_->Begin(MakeFacts("iam", "CreateUser"));
    {
      Scope scope(entry);
      EXPECT_TRUE(database_
                      ->Write([&](sql::Transaction& t) -> Status {
                        ALOFT_TRY(t.Execute("INSERT INTO things (name) VALUES ($1)", {thing}));
                        return {};
                      })
                      .ok());
    }
    EXPECT_EQ(entry->committed.load(), Entry::kSql);
    if (answered) Answer(entry);
    return IdText(entry->name().id);
  }
  std::string ChangeKv(const std::string& thing, bool answered = true) {
    auto entry = log_->Begin(MakeFacts("s3", "CreateBucket"));
    {
      Scope scope(entry);
      kv::Batch batch;
      batch.Put("things", thing, "x");
      EXPECT_TRUE(store_->Apply(std::move(batch)).ok());
    }
    EXPECT_EQ(entry->committed.load(), Entry::kKv);
    if (answered) Answer(entry);
    return IdText(entry->name().id);
  }
  std::string ReadSomething() {
    auto entry = log_->Begin(MakeFacts("iam", "ListUsers"));
    Answer(entry);
    return IdText(entry->name().id);
  }
  void Answer(const std::shared_ptr<Entry>& entry, const Outcome& outcome = {}) {
    int answers = 0;
    log_->Finish(entry, outcome, [&](Status status) {
      EXPECT_TRUE(status.ok());
      ++answers;
    });
    EXPECT_EQ(answers, 1);
  }
  void Seal() {
    Status sealed = log_->SealNow();
    ASSERT_TRUE(sealed.ok()) << Describe(sealed.error());
  }
  VerifyReport Check(const VerifyOptions& options = {}) {
    auto report = Verify(*store_, options);
    EXPECT_TRUE(report.ok()) << Describe(report.error());
    return report.ok() ? *report : VerifyReport{};
  }
  static std::string Findings(const VerifyReport& report) {
    std::string all;
    for (const Finding& each : report.findings) all += Describe(each) + "\n";
    return all;
  }
  std::vector<std::string> Found(const LookupQuery& query) {
    auto page = log_->Lookup(query);
    EXPECT_TRUE(page.ok()) << Describe(page.error());
    std::vector<std::string> out;
    if (page.ok())
      for (auto& record : page->records) out.push_back(record.json);
    return out;
  }
  LookupQuery Everything() { return {.account = AccountId("123456789012")}; }

  std::size_t max_waiting_bytes_ = 64u << 20;
  std::chrono::hours retention_{24 * 2192};
  kv::TemporaryDirectory directory_;
  std::string connection_;
  ManualClock clock_;
  SeededRandom random_{7};
  Metrics metrics_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<kv::Store> store_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<Service> log_;
};

inline std::string AuditEngineName(const testing::TestParamInfo<bool>& info) {
  return info.param ? "Postgres" : "Embedded";
}

}  // namespace aloft::audit
