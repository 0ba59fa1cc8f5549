#include "app/system.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "api/aws/cloudwatch/rows.h"
#include "api/aws/iam/api.h"
#include "api/aws/logs/rows.h"
#include "api/aws/s3/front.h"
#include "api/aws/sagemaker/endpoint_rows.h"
#include "api/aws/sagemaker/model_rows.h"
#include "api/aws/sagemaker/tag_rows.h"
#include "api/aws/sagemaker/training_rows.h"
#include "api/aws/sagemaker_runtime/api.h"
#include "api/aws/sts/api.h"
#include "api/aws_common/front.h"
#include "api/inference/front.h"
#include "app/admin_front.h"
#include "app/data_directory.h"
#include "app/gateway.h"
#include "app/late_handler.h"
#include "app/server_info.h"
#include "app/tls_files.h"
#include "app/version.h"
#include "foundation/base/clock.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"
#include "foundation/blob/store.h"
#include "foundation/codec/json.h"
#include "foundation/feed/feed.h"
#include "foundation/http/client.h"
#include "foundation/http/server.h"
#include "foundation/kv/store.h"
#include "foundation/os/thread_pool.h"
#include "foundation/sql/database.h"
#include "platform/compute/process_backend.h"
#include "platform/compute/runtimes.h"
#include "platform/compute/scheduler.h"
#include "platform/identity/follow.h"
#include "platform/identity/records.h"
#include "platform/identity/service.h"
#include "platform/keys/keyring.h"
#include "platform/telemetry/log_store.h"
#include "platform/telemetry/metric_store.h"
#include "platform/work/lease.h"
#include "platform/work/loop.h"
#include "services/models/records.h"
#include "services/models/service.h"
#include "services/objects/service.h"
#include "services/resources/tags.h"
#include "services/serving/records.h"
#include "services/serving/service.h"
#include "services/serving/worker_client.h"
#include "services/staging/probe.h"
#include "services/training/records.h"
#include "services/training/service.h"

namespace aloft::app {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kSageMaker = "sagemaker.amazonaws.com";
constexpr hours kTaskCredentials{1};
// A replica that has not seen the end of the feed for so long does not know what others have revoked.
constexpr seconds kBlindFor{5};

// Every room's schema, in one list for the one database.
std::vector<sql::Migration> AllMigrations() {
  std::vector<sql::Migration> all;
  auto add = [&](const auto& migrations) { all.insert(all.end(), migrations.begin(), migrations.end()); };
  add(identity::Migrations());
  add(work::Migrations());
  add(resources::Migrations());
  add(training::Migrations());
  add(models::Migrations());
  add(serving::Migrations());
  return all;
}

// Who wants to hear that a task changed. The backend exists before its listeners do, and may call at any time.
class TaskListeners {
 public:
  void Set(training::Service* training, serving::Service* serving) {
    training_.store(training, std::memory_order_release);
    serving_.store(serving, std::memory_order_release);
  }
  void Changed(const compute::TaskId& id) const {
    if (auto* service = training_.load(std::memory_order_acquire)) service->OnTaskChanged(id);
    if (auto* service = serving_.load(std::memory_order_acquire)) service->OnTaskChange(id);
  }

 private:
  std::atomic<training::Service*> training_{nullptr};
  std::atomic<serving::Service*> serving_{nullptr};
};

class RunningSystem final : public System {
 public:
  RunningSystem(Config config, Log log) : config_(std::move(config)), log_(std::move(log)) {}
  ~RunningSystem() override { Stop(); }

  Status Start();

  const std::string& url() const override { return url_; }
  const std::string& ca_file() const override { return tls_.ca_file; }
  const std::string& account() const override { return account_; }
  const identity::Bootstrap& bootstrap() const override { return bootstrap_; }
  Status ReloadTls() override;
  void Stop() override;

 private:
  Status OpenStores();
  Status OpenPlatform();
  Status Listen();
  Status OpenCompute();
  void StartFeeds();
  void MakeServices();
  void MakeFronts();
  Status Fit() const;
  void StartMaintenance();
  Result<work::Again> Maintain(const std::string& chore);
  Status Ready();
  std::string StatusJson() const;

  const Config config_;
  const Log log_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;

  // In the order of their levels; destroyed in reverse.
  os::Fd lock_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<kv::Store> kv_;
  std::unique_ptr<blob::Store> blobs_;
  std::string replica_;
  std::unique_ptr<feed::Feed> sql_feed_;
  std::unique_ptr<feed::Feed> kv_feed_;
  std::unique_ptr<keys::Keyring> keyring_;
  std::unique_ptr<telemetry::LogStore> logs_;
  std::unique_ptr<telemetry::MetricStore> points_;
  std::unique_ptr<identity::Service> identity_;
  identity::Bootstrap bootstrap_;
  std::string account_;
  TlsFiles tls_;
  LateHandler late_handler_;
  std::unique_ptr<os::ThreadPool> pool_;
  std::shared_ptr<http::IoThreads> io_threads_;
  std::unique_ptr<http::Server> server_;
  std::string url_;
  TaskListeners listeners_;
  std::optional<compute::RuntimeTable> runtimes_;
  compute::Capacity capacity_;
  std::unique_ptr<compute::Backend> backend_;
  std::unique_ptr<objects::Service> objects_;
  std::unique_ptr<staging::InputProbe> probe_;
  std::unique_ptr<training::Service> training_;
  std::unique_ptr<models::Service> models_;
  std::unique_ptr<http::Client> worker_http_;
  std::unique_ptr<serving::WorkerClient> workers_;
  std::unique_ptr<serving::Service> serving_;
  std::unique_ptr<AdminFront> admin_front_;
  std::unique_ptr<api::Front> inference_front_;
  std::unique_ptr<api::Front> aws_front_;
  std::unique_ptr<api::Front> s3_front_;
  std::vector<const api::Front*> fronts_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<work::Loop> maintenance_;
  bool announced_ = false;
  bool stopped_ = false;
};

Status RunningSystem::Start() {
  ALOFT_TRY(OpenStores());
  {
    ALOFT_ASSIGN(os::Fd shared, LockSharedDirectory(config_));
    ALOFT_TRY(OpenPlatform());
    ALOFT_TRY(Listen());
  }
  ALOFT_TRY(OpenCompute());
  StartFeeds();
  MakeServices();
  MakeFronts();
  ALOFT_TRY(serving_->Start());
  training_->Start();
  StartMaintenance();
  late_handler_.Set(*gateway_);

  ServerInfo info{getpid(), ProcessStartTicks(getpid()), url_, tls_.ca_file, config_.region, account_,
                  kVersion, ToMillis(clock_.Now())};
  ALOFT_TRY(WriteServerInfo(config_.run_path(), info));
  announced_ = true;
  return {};
}

Status RunningSystem::OpenStores() {
  ALOFT_ASSIGN(lock_, OpenDataDirectory(config_));
  ALOFT_ASSIGN(replica_, ReplicaId(config_, random_));
  const bool postgres = !config_.postgres.empty();
  const auto migrations = AllMigrations();
  sql::Options sql_options;
  sql_options.engine = postgres ? sql::Engine::kPostgres : sql::Engine::kSqlite;
  sql_options.path = config_.database_path();
  sql_options.connection = config_.postgres;
  ALOFT_ASSIGN(database_, sql::Database::Open(std::move(sql_options), migrations, log_));
  kv::Options kv_options;
  kv_options.engine = postgres ? kv::Engine::kPostgres : kv::Engine::kRocks;
  kv_options.path = config_.kv_path();
  kv_options.connection = config_.postgres;
  ALOFT_ASSIGN(kv_, kv::Store::Open(std::move(kv_options), log_));
  ALOFT_ASSIGN(blobs_, blob::OpenDirectoryStore(config_.blob_path(), random_, log_));
  return {};
}

Status RunningSystem::OpenPlatform() {
  ALOFT_ASSIGN(keyring_, keys::Keyring::OpenFile(config_.keys_path() + "/root.key", random_));
  logs_ = std::make_unique<telemetry::LogStore>(*kv_, clock_, random_);
  points_ = std::make_unique<telemetry::MetricStore>(*kv_, clock_, random_);
  identity_ = std::make_unique<identity::Service>(*database_, *keyring_, clock_, random_, log_);
  ALOFT_ASSIGN(bootstrap_, identity_->EnsureAccount({.account = AccountId(config_.account)}));
  account_ = bootstrap_.account.value();
  if (account_.empty()) {
    ALOFT_ASSIGN(AccountId main, identity_->MainAccount());
    account_ = main.value();
  }
  return {};
}

Status RunningSystem::Listen() {
  std::unique_ptr<http::TlsIdentity> tls;
  if (config_.tls) {
    ALOFT_ASSIGN(tls_, LoadTls(config_, clock_));
    tls = std::make_unique<http::TlsIdentity>(tls_.identity);
  }
  pool_ = std::make_unique<os::ThreadPool>("handler", config_.handler_threads, config_.max_requests_in_flight);
  http::ServerOptions options;
  options.address = config_.address;
  options.port = config_.port;
  io_threads_ = http::IoThreads::Start(config_.io_threads, "io");
  options.io_threads = io_threads_;
  ALOFT_ASSIGN(server_, http::Server::Start(std::move(options), std::move(tls), late_handler_, log_, metrics_));
  url_ = (config_.tls ? "https://" : "http://") + config_.public_name + ":" + std::to_string(server_->port());
  return {};
}

Status RunningSystem::OpenCompute() {
  ALOFT_ASSIGN(runtimes_, compute::RuntimeTable::Load(config_.runtime_directory));
  capacity_ = compute::DetectCapacity(config_.data_directory);
  compute::ProcessBackendOptions options;
  options.tasks_directory = config_.tasks_path();
  options.socket_directory = config_.run_path();
  options.agent_path = config_.agent_binary;
  options.runtime_directory = config_.runtime_directory;
  options.programs_directory = config_.programs_directory;
  options.environments_directory = config_.environments_directory;
  options.api_url = url_;
  options.ca_file = tls_.ca_file;
  options.capacity = capacity_;
  options.issue_credentials = [this](const compute::TaskId&, const std::string& role) -> Result<compute::Credentials> {
    ALOFT_ASSIGN(auto issued, identity_->IssueForRole(role, "SageMaker", kTaskCredentials, kSageMaker));
    return compute::Credentials{issued.access_key_id, issued.secret, issued.session_token, issued.session.expires};
  };
  options.on_change = [this](const compute::TaskId& id) { listeners_.Changed(id); };
  ALOFT_ASSIGN(backend_, compute::OpenProcessBackend(std::move(options), clock_, log_));
  // One set of threads for callers and workers: an invocation changes threads less often.
  http::ClientOptions client_options;
  client_options.io_threads = io_threads_;
  ALOFT_ASSIGN(worker_http_, http::Client::Create(std::move(client_options)));
  return {};
}

// The feeds also trim the outboxes, whoever listens.
void RunningSystem::StartFeeds() {
  feed::Options options;
  if (config_.postgres.empty()) options.poll = seconds(10);  // nobody else writes; own commits wake the feed
  sql_feed_ = std::make_unique<feed::Feed>(database_->outbox(), options, clock_, log_);
  if (!config_.postgres.empty()) sql_feed_->Subscribe(identity::FollowChanges(*identity_));
  kv_feed_ = std::make_unique<feed::Feed>(kv_->outbox(), options, clock_, log_);
  sql_feed_->Start();
  kv_feed_->Start();
}

Status RunningSystem::Fit() const {
  if (sql_feed_->Staleness() < kBlindFor) return {};
  return Fail(kUnavailable, "This server cannot see what other servers change. Please try again.");
}

void RunningSystem::MakeServices() {
  objects_ = std::make_unique<objects::Service>(*kv_, *blobs_, clock_, random_, log_);
  probe_ = std::make_unique<staging::InputProbe>(*identity_, *objects_);

  training::Dependencies training{*database_, *backend_, *logs_, *points_, clock_, random_, log_, {}, {}, {}};
  training.resolve = [this](std::string_view image) { return runtimes_->Resolve(image); };
  training.check_role = [this](const identity::Session& session, const std::string& role) {
    return identity_->CheckPassable(session, role, kSageMaker);
  };
  training.check_input = [this](const AccountId& account, const std::string& role, const std::string& uri) {
    return probe_->CheckPrefix(account, role, uri);
  };
  training::Options training_options;
  training_options.capacity = capacity_;
  training_options.holder = replica_;
  training_options.plan.stop_grace = seconds(config_.stop_grace_seconds);
  training_ = std::make_unique<training::Service>(std::move(training), std::move(training_options));

  auto probe = [this](const AccountId& account, const std::string& role, const std::string& uri, bool is_prefix) {
    return is_prefix ? probe_->CheckPrefix(account, role, uri) : probe_->CheckObject(account, role, uri);
  };
  models_ = std::make_unique<models::Service>(*database_, *identity_, *runtimes_, clock_, probe);
  workers_ = serving::MakeHttpWorkerClient(*worker_http_);
  serving::Options serving_options;
  serving_options.holder = replica_;
  serving_ = std::make_unique<serving::Service>(
      serving::Dependencies{*database_, *models_, *runtimes_, *backend_, *workers_, *logs_, *points_, clock_, random_},
      std::move(serving_options), log_);
  listeners_.Set(training_.get(), serving_.get());
}

void RunningSystem::MakeFronts() {
  api::TagTargets owners;
  owners["training-job"] = [this](const AccountId& account, const Region& region, const std::string& name) {
    return training_->Exists({account, region}, name);
  };
  owners["model"] = [this](const AccountId& account, const Region& region, const std::string& name) -> Status {
    ALOFT_TRY(models_->Find({account, region}, name));
    return {};
  };
  owners["endpoint"] = [this](const AccountId& account, const Region& region, const std::string& name) -> Status {
    ALOFT_TRY(serving_->DescribeEndpoint({account, region}, name));
    return {};
  };
  owners["endpoint-config"] = [this](const AccountId& account, const Region& region,
                                     const std::string& name) -> Status {
    ALOFT_TRY(serving_->DescribeEndpointConfig({account, region}, name));
    return {};
  };
  std::vector<api::ServiceApi> services;
  services.push_back(api::MakeIamApi(*identity_));
  services.push_back(api::MakeStsApi(*identity_));
  services.push_back(api::MakeLogsApi(*logs_));
  services.push_back(api::MakeCloudWatchApi(*points_));
  services.push_back(api::MakeTrainingApi(*training_));
  services.push_back(api::MakeTagsApi(*database_, std::move(owners)));
  services.push_back(api::MakeModelApi(*models_));
  services.push_back(api::MakeEndpointApi(*serving_));
  services.push_back(api::MakeSageMakerRuntimeApi(*serving_));
  aws_front_ = std::make_unique<api::AwsFront>(std::move(services));
  s3_front_ = std::make_unique<api::s3::Front>(api::s3::Dependencies{*objects_, *pool_, clock_});
  inference_front_ = std::make_unique<api::InferenceFront>(*serving_);
  admin_front_ = std::make_unique<AdminFront>(AdminSources{
      *identity_, metrics_, [this] { return Ready(); }, [this] { return StatusJson(); }, [this] { return fronts_; }});
  // S3 is last: it takes what nobody else claims.
  fronts_ = {admin_front_.get(), inference_front_.get(), aws_front_.get(), s3_front_.get()};
  GatewayOptions gateway_options{Region(config_.region), config_.max_requests_in_flight, {}};
  if (!config_.postgres.empty()) gateway_options.fit = [this] { return Fit(); };
  gateway_ = std::make_unique<Gateway>(std::move(gateway_options), fronts_, *identity_, *pool_, clock_, random_, log_,
                                       metrics_);
}

// Chores that nobody asks for: bytes that nobody holds any more, events past their retention.
Result<work::Again> RunningSystem::Maintain(const std::string& chore) {
  if (chore == "reclaim") {
    ALOFT_ASSIGN(auto report, objects_->Reclaim(minutes(1)));
    return work::Again{report.released + report.kept >= 1000 ? seconds(0) : seconds(30)};
  }
  if (chore == "orphans") {
    ALOFT_ASSIGN(auto report, objects_->SweepOrphans(hours(1)));
    if (report.orphans > 0) log_.Info("blobs without an owner removed", {{"count", std::to_string(report.orphans)}});
    return work::Again{hours(6)};
  }
  ALOFT_ASSIGN(std::size_t removed, chore == "logs" ? logs_->Sweep(10'000) : points_->Sweep(10'000));
  return work::Again{removed > 0 ? seconds(1) : seconds(60)};
}

void RunningSystem::StartMaintenance() {
  auto step = [this](const std::string& chore) { return Maintain(chore); };
  maintenance_ = std::make_unique<work::Loop>(work::LoopOptions{.name = "maintenance"}, step, clock_, random_, log_);
  maintenance_->WakeAt("reclaim", clock_.Monotonic() + seconds(10));
  maintenance_->WakeAt("orphans", clock_.Monotonic() + minutes(5));
  maintenance_->WakeAt("logs", clock_.Monotonic() + seconds(20));
  maintenance_->WakeAt("points", clock_.Monotonic() + seconds(40));
  maintenance_->Start();
}

Status RunningSystem::Ready() {
  ALOFT_TRY(database_->Read([](sql::Reader& reader) { return reader.Query("SELECT 1"); }));
  ALOFT_TRY(kv_->Get("app", "ready"));
  return {};
}

std::string RunningSystem::StatusJson() const {
  std::string text;
  codec::JsonWriter(text)
      .BeginObject()
      .Key("Version")
      .String(kVersion)
      .Key("Account")
      .String(account_)
      .Key("Region")
      .String(config_.region)
      .Key("Url")
      .String(url_)
      .EndObject();
  return text;
}

Status RunningSystem::ReloadTls() {
  if (!config_.tls) return {};
  ALOFT_ASSIGN(TlsFiles files, LoadTls(config_, clock_));
  return server_->ReloadTls(files.identity);
}

void RunningSystem::Stop() {
  if (std::exchange(stopped_, true)) return;
  if (announced_) RemoveServerInfo(config_.run_path());  // else it may be another server's
  if (server_) server_->Stop();                          // lets running requests end
  if (maintenance_) maintenance_->Stop();
  if (training_) training_->Stop();
  if (serving_) serving_->Stop();
  listeners_.Set(nullptr, nullptr);
  backend_.reset();  // its threads call back; the tasks go on
  if (sql_feed_) sql_feed_->Stop();
  if (kv_feed_) kv_feed_->Stop();
  if (pool_) pool_->Stop();
}

}  // namespace

Result<std::unique_ptr<System>> System::Start(Config config, Log log) {
  auto system = std::make_unique<RunningSystem>(std::move(config), std::move(log));
  if (auto status = system->Start(); !status.ok()) {
    system->Stop();
    return std::move(status).error();
  }
  return std::unique_ptr<System>(std::move(system));
}

}  // namespace aloft::app
