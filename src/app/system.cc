#include "app/system.h"

#include <unistd.h>

#include <utility>

#include "app/data_directory.h"
#include "app/gateway/gateway.h"
#include "app/gateway/late_handler.h"
#include "app/server_info.h"
#include "app/tls_files.h"
#include "app/version.h"
#include "app/wiring/doors.h"
#include "app/wiring/fronts.h"
#include "app/wiring/maintenance.h"
#include "app/wiring/platform.h"
#include "app/wiring/services.h"
#include "app/wiring/stores.h"
#include "foundation/codec/json.h"
#include "foundation/http/server.h"
#include "foundation/os/thread_pool.h"

namespace aloft::app {
namespace {

class RunningSystem final : public System {
 public:
  RunningSystem(Config config, Log log) : world_{std::move(config), std::move(log)} {}
  ~RunningSystem() override { Stop(); }

  Status Start();

  const std::string& url() const override { return url_; }
  const std::string& ca_file() const override { return tls_.ca_file; }
  const std::string& account() const override { return platform_->account(); }
  const identity::Bootstrap& bootstrap() const override { return platform_->bootstrap(); }
  Status ReloadTls() override;
  void Stop() override;

 private:
  Status Listen();
  Status Announce();
  std::string StatusJson() const;

  World world_;
  // In the order of their levels; destroyed in reverse.
  std::unique_ptr<Stores> stores_;
  std::unique_ptr<Platform> platform_;
  TlsFiles tls_;
  gateway::LateHandler late_handler_;
  std::unique_ptr<os::ThreadPool> pool_;
  std::shared_ptr<http::IoThreads> io_threads_;
  std::unique_ptr<http::Server> server_;
  std::string url_;
  std::unique_ptr<Doors> doors_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<Fronts> fronts_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<Maintenance> maintenance_;
  bool announced_ = false;
  bool stopped_ = false;
};

Status RunningSystem::Start() {
  const Config& config = world_.config;
  ALOFT_ASSIGN(stores_, Stores::Open(world_));
  {
    ALOFT_ASSIGN(os::Fd shared, LockSharedDirectory(config));
    ALOFT_ASSIGN(platform_, Platform::Open(world_, *stores_));
    ALOFT_TRY(Listen());
  }
  ALOFT_ASSIGN(doors_, Doors::Open(world_, *platform_, io_threads_));
  ALOFT_ASSIGN(services_, Services::Open(world_, *stores_, *platform_, url_, tls_.ca_file, io_threads_));
  stores_->StartFeeds();
  fronts_ = std::make_unique<Fronts>(world_, *stores_, *platform_, *doors_, *services_, *pool_,
                                     [this] { return StatusJson(); });
  gateway::GatewayOptions options{Region(config.region),
                                  config.max_requests_in_flight,
                                  [this] { return stores_->Fit(); },
                                  config.limits,
                                  [this](const api::Call& call, const api::Row& row) {
                                    doors_->uses().Note(call.session, row.service, call.region.value());
                                  },
                                  &platform_->audit(),
                                  AccountId(account()),
                                  {{"s3", "GetObject"},
                                   {"s3", "HeadObject"},
                                   {"s3", "PutObject"},
                                   {"sagemaker", "InvokeEndpoint"},
                                   {"sagemaker", "Predict"},
                                   {"sagemaker", "ModelInfer"}},
                                  [this](const http::RequestHead& head) { return fronts_->SignedPath(head); }};
  gateway_ = std::make_unique<gateway::Gateway>(std::move(options), fronts_->all(), platform_->identity(), *pool_,
                                                world_.clock, world_.random, world_.log, world_.metrics);
  ALOFT_TRY(services_->Start());
  maintenance_ = std::make_unique<Maintenance>(world_, *stores_, *platform_, *doors_, *services_);
  maintenance_->Start();
  late_handler_.Set(*gateway_);
  return Announce();
}

// Listens before the services are there: they must be able to tell their tasks the address.
Status RunningSystem::Listen() {
  const Config& config = world_.config;
  std::unique_ptr<http::TlsIdentity> tls;
  if (config.tls) {
    ALOFT_ASSIGN(tls_, LoadTls(config, platform_->keyring(), world_.clock));
    tls = std::make_unique<http::TlsIdentity>(tls_.identity);
  }
  pool_ = std::make_unique<os::ThreadPool>("handler", config.handler_threads, config.max_requests_in_flight);
  http::ServerOptions options;
  options.address = config.address;
  options.port = config.port;
  io_threads_ = http::IoThreads::Start(config.io_threads, "io");
  options.io_threads = io_threads_;
  ALOFT_ASSIGN(server_,
               http::Server::Start(std::move(options), std::move(tls), late_handler_, world_.log, world_.metrics));
  url_ = (config.tls ? "https://" : "http://") + config.public_name + ":" + std::to_string(server_->port());
  return {};
}

Status RunningSystem::Announce() {
  ServerInfo info{getpid(), ProcessStartTicks(getpid()), url_, tls_.ca_file, world_.config.region, account(),
                  kVersion, ToMillis(world_.clock.Now())};
  ALOFT_TRY(WriteServerInfo(world_.config.run_path(), info));
  announced_ = true;
  return {};
}

std::string RunningSystem::StatusJson() const {
  std::string text;
  codec::JsonWriter(text)
      .BeginObject()
      .Key("Version")
      .String(kVersion)
      .Key("Account")
      .String(account())
      .Key("Region")
      .String(world_.config.region)
      .Key("Url")
      .String(url_)
      .Key("AuditRetentionDays")
      .Int(world_.config.audit_retention_days)
      .Key("EncryptionAtRest")
      .String(world_.config.encrypt_at_rest ? "aes" : "off")
      .EndObject();
  return text;
}

Status RunningSystem::ReloadTls() {
  if (!world_.config.tls) return {};
  ALOFT_ASSIGN(TlsFiles files, LoadTls(world_.config, platform_->keyring(), world_.clock));
  return server_->ReloadTls(files.identity);
}

void RunningSystem::Stop() {
  if (std::exchange(stopped_, true)) return;
  if (announced_) RemoveServerInfo(world_.config.run_path());  // else it may be another server's
  if (server_) server_->Stop();                                // lets running requests end
  if (maintenance_) maintenance_->Stop();
  if (doors_) doors_->Stop();
  if (services_) services_->Stop();
  if (stores_) stores_->StopFeeds();
  if (pool_) pool_->Stop();
  if (gateway_) gateway_->Settle();
  if (platform_) platform_->Stop();
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
