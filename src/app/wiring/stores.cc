#include "app/wiring/stores.h"

#include <future>
#include <vector>

#include "app/data_directory.h"
#include "app/wiring/blob_stores.h"
#include "foundation/sql/postgres_transport.h"
#include "platform/alarms/records.h"
#include "platform/audit/commit_hook.h"
#include "platform/audit/records.h"
#include "platform/credentials/reports.h"
#include "platform/directory/last_use.h"
#include "platform/factors/records.h"
#include "platform/federation/records.h"
#include "platform/identity/records.h"
#include "platform/kms/records.h"
#include "platform/organizations/accounts.h"
#include "platform/work/lease.h"
#include "services/async_inference/records.h"
#include "services/jobs/quotas.h"
#include "services/jobs/records.h"
#include "services/models/records.h"
#include "services/resources/tags.h"
#include "services/scaling/records.h"
#include "services/serving/endpoints/records.h"
#include "services/transform/records.h"

namespace aloft::app {
namespace {

constexpr std::chrono::seconds kBlindFor{5};

// Every room's schema, in one list for the one database.
std::vector<sql::Migration> AllMigrations() {
  std::vector<sql::Migration> all;
  auto add = [&](const auto& migrations) { all.insert(all.end(), migrations.begin(), migrations.end()); };
  add(kms::Migrations());
  add(identity::Migrations());
  add(factors::Migrations());
  add(federation::Migrations());
  add(directory::Migrations());
  add(credentials::Migrations());
  add(organizations::Migrations());
  add(audit::Migrations());
  add(work::Migrations());
  add(alarms::Migrations());
  add(resources::Migrations());
  add(jobs::Migrations());
  for (const char* kind : {"training", "processing"}) all.push_back(jobs::TableOf(kind));
  add(models::Migrations());
  add(serving::Migrations());
  add(scaling::Migrations());
  add(async_inference::Migrations());
  add(transform::Migrations());
  return all;
}

}  // namespace

Result<std::unique_ptr<Stores>> Stores::Open(World& world) {
  const Config& config = world.config;
  std::unique_ptr<Stores> stores(new Stores());
  ALOFT_ASSIGN(stores->lock_, OpenDataDirectory(config));
  ALOFT_ASSIGN(stores->replica_, ReplicaId(config, world.random));
  stores->shared_ = !config.postgres.empty();
  if (stores->shared_ && !config.postgres_network_is_trusted) ALOFT_TRY(sql::CheckPostgresTransport(config.postgres));

  const auto migrations = AllMigrations();
  sql::Options sql_options;
  sql_options.engine = stores->shared_ ? sql::Engine::kPostgres : sql::Engine::kSqlite;
  sql_options.path = config.database_path();
  sql_options.connection = config.postgres;
  kv::Options kv_options;
  kv_options.engine = stores->shared_ ? kv::Engine::kPostgres : kv::Engine::kRocks;
  kv_options.path = config.kv_path();
  kv_options.connection = config.postgres;
  // On their first start both sync a dozen files one after the other: side by side that is half the wait.
  auto opening = std::async(std::launch::async, [&] { return kv::Store::Open(std::move(kv_options), world.log); });
  auto database = sql::Database::Open(std::move(sql_options), migrations, world.log);
  auto kv = opening.get();
  // Every room writes through these, so that a call's change takes its audit record along.
  ALOFT_ASSIGN(stores->database_, std::move(database));
  stores->database_ = audit::NoteWrites(std::move(stores->database_));
  ALOFT_ASSIGN(stores->kv_, std::move(kv));
  stores->kv_ = audit::NoteWrites(std::move(stores->kv_));
  ALOFT_ASSIGN(auto bytes, OpenBlobStores(world));
  stores->blobs_ = std::move(bytes.blobs);
  stores->archive_ = std::move(bytes.archive);

  feed::Options feed_options;
  if (!stores->shared_) feed_options.poll = std::chrono::seconds(10);  // nobody else writes; own commits wake the feed
  stores->sql_feed_ = std::make_unique<feed::Feed>(stores->database_->outbox(), feed_options, world.clock, world.log);
  stores->kv_feed_ = std::make_unique<feed::Feed>(stores->kv_->outbox(), feed_options, world.clock, world.log);
  return stores;
}

void Stores::StartFeeds() {
  sql_feed_->Start();
  kv_feed_->Start();
}

void Stores::StopFeeds() {
  sql_feed_->Stop();
  kv_feed_->Stop();
}

Status Stores::Ready() {
  ALOFT_TRY(database_->Read([](sql::Reader& reader) { return reader.Query("SELECT 1"); }));
  ALOFT_TRY(kv_->Get("app", "ready"));
  return {};
}

Status Stores::Fit() const {
  if (!shared_ || sql_feed_->Staleness() < kBlindFor) return {};
  return Fail(kUnavailable, "This server cannot see what other servers change. Please try again.");
}

}  // namespace aloft::app
