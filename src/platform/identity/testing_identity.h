// An identity service on an empty database with a frozen clock, on either engine. Test code only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "foundation/sql/testing/postgres.h"
#include "platform/identity/records.h"
#include "platform/identity/service.h"
#include "platform/identity/state.h"

namespace aloft::identity {

inline const AccountId kAccount("123456789012");

class IdentityFixture {
 protected:
  // `more` are the schemas of rooms that stand on identity.
  explicit IdentityFixture(sql::Engine engine, std::span<const sql::Migration> more = {}) : engine_(engine) {
    migrations_.assign(Migrations().begin(), Migrations().end());
    migrations_.insert(migrations_.end(), more.begin(), more.end());
    char name[] = "/tmp/aloft-identity-XXXXXX";
    directory_ = mkdtemp(name);
    Start();
  }
  ~IdentityFixture() {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  // Again on the same data.
  void Stop() {
    service_.reset();
    database_.reset();
  }
  void Start() {
    sql::Options options;
    options.engine = engine_;
    options.path = directory_ + "/records.db";
    if (engine_ == sql::Engine::kPostgres && connection_.empty())
      connection_ = sql::testing::NewPostgresDatabase().value();
    options.connection = connection_;
    auto database = sql::Database::Open(options, migrations_, Log::Discard());
    if (!database.ok()) throw std::runtime_error(Describe(database.error()));
    database_ = std::move(database).value();
    service_ = std::make_unique<Service>(*database_, *keyring_, clock_, random_, Log::Discard());
  }

  Service& service() { return *service_; }

  // The administrator that the first start makes.
  Session Administrator() {
    const auto made = service().EnsureAccount({.account = kAccount, .user_name = "administrator"});
    EXPECT_TRUE(made.ok());
    if (made->created) administrator_ = *made;
    return service().FindCredential(administrator_.access_key_id, "")->session;
  }

  // A user or role with one inline policy, written past the API.
  Entity Make(EntityKind kind, std::string name, const std::string& statements, std::string trust = "") {
    Entity entity;
    entity.account = kAccount;
    entity.kind = kind;
    entity.name = std::move(name);
    entity.id = NewEntityId(random_, kind == EntityKind::kRole ? "AROA" : "AIDA");
    entity.created = clock_.Now();
    entity.trust = std::move(trust);
    const auto done = service().state().Write(kAccount, [&](sql::Transaction& t) -> Status {
      ALOFT_TRY(records::Insert(t, entity));
      if (statements.empty()) return {};
      return records::PutInline(t, entity, "p", R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}");
    });
    EXPECT_TRUE(done.ok()) << Describe(done.error());
    return entity;
  }

  Session SessionOf(const Entity& user) {
    Session session;
    session.kind = PrincipalKind::kUser;
    session.account = user.account;
    session.arn = user.Arn();
    session.principal_id = user.id;
    session.user_name = user.name;
    return session;
  }

  static std::string TrustOf(const std::string& principal) {
    return R"({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": )" +
           principal + "}]}";
  }

  const sql::Engine engine_;
  std::vector<sql::Migration> migrations_;
  std::string directory_, connection_;
  ManualClock clock_;
  SeededRandom random_{42};
  std::unique_ptr<keys::Keyring> keyring_ = keys::Keyring::Ephemeral(random_);
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<Service> service_;
  Bootstrap administrator_;
};

// On SQLite.
class IdentityTest : public testing::Test, protected IdentityFixture {
 protected:
  IdentityTest() : IdentityFixture(sql::Engine::kSqlite) {}
};

// On each engine: ALOFT_ON_EACH_ENGINE(FooTest) beside its TEST_Ps.
class IdentityEngineTest : public testing::TestWithParam<sql::Engine>, protected IdentityFixture {
 protected:
  explicit IdentityEngineTest(std::span<const sql::Migration> more = {}) : IdentityFixture(GetParam(), more) {}
};

#define ALOFT_ON_EACH_ENGINE(suite)                                                  \
  INSTANTIATE_TEST_SUITE_P(                                                          \
      Engines, suite, testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres), \
      [](const auto& each) { return std::string(each.param == sql::Engine::kSqlite ? "Sqlite" : "Postgres"); })

}  // namespace aloft::identity
