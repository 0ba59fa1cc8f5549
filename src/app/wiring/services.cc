#include "app/wiring/services.h"

#include <atomic>
#include <chrono>

#include "app/agent_certificates.h"
#include "foundation/base/bytes.h"
#include "foundation/http/client.h"
#include "platform/compute/process_backend.h"
#include "platform/compute/slurm.h"
#include "platform/identity/sessions.h"
#include "services/serving/routing/worker_client.h"
#include "services/staging/store.h"

namespace aloft::app {
namespace {

constexpr const char* kSageMaker = "sagemaker.amazonaws.com";

// What a task's role is used for, as a trust policy may ask (aws:SourceArn); a task's id is KIND.ACCOUNT.REGION.NAME...
std::string SourceArnOf(const compute::TaskId& task) {
  const std::vector<std::string_view> parts = Split(task.value(), '.');
  if (parts.size() < 4) return "";
  std::string kind(parts[0]);
  if (kind == "training" || kind == "processing" || kind == "transform") kind += "-job";
  if (kind == "serving") kind = "endpoint";
  return "arn:aws:sagemaker:" + std::string(parts[2]) + ":" + std::string(parts[1]) + ":" + kind + "/" +
         std::string(parts[3]);
}

// Slurm says itself what never fits, and what has to wait.
compute::Capacity SlurmCapacity() {
  return {.vcpus = 1e6, .memory_bytes = 1ull << 50, .disk_bytes = 1ull << 50, .gpus = 100'000};
}

}  // namespace

// Who wants to hear that a task changed. The backend exists before its listeners do, and may call at any time.
class Services::TaskListeners {
 public:
  void Set(training::Service* training, processing::Service* processing, serving::Service* serving,
           transform::Service* transform) {
    training_.store(training, std::memory_order_release);
    processing_.store(processing, std::memory_order_release);
    serving_.store(serving, std::memory_order_release);
    transform_.store(transform, std::memory_order_release);
  }
  void Changed(const compute::TaskId& id) const {
    if (auto* service = training_.load(std::memory_order_acquire)) service->OnTaskChanged(id);
    if (auto* service = processing_.load(std::memory_order_acquire)) service->OnTaskChanged(id);
    if (auto* service = serving_.load(std::memory_order_acquire)) service->OnTaskChange(id);
    if (auto* service = transform_.load(std::memory_order_acquire)) service->OnTaskChange(id);
  }
  void Unwanted(const compute::TaskId& id) const {
    if (auto* service = training_.load(std::memory_order_acquire)) service->OnTaskUnwanted(id);
  }

 private:
  std::atomic<training::Service*> training_{nullptr};
  std::atomic<processing::Service*> processing_{nullptr};
  std::atomic<serving::Service*> serving_{nullptr};
  std::atomic<transform::Service*> transform_{nullptr};
};

Services::Services(World& world, Stores& stores, Platform& platform)
    : world_(world),
      stores_(stores),
      platform_(platform),
      listeners_(std::make_unique<TaskListeners>()),
      quotas_(stores.database(), quota_board_) {}

Services::~Services() {
  Stop();
}

Result<std::unique_ptr<Services>> Services::Open(World& world, Stores& stores, Platform& platform,
                                                 const std::string& api_url, const std::string& ca_file,
                                                 std::shared_ptr<http::IoThreads> io_threads) {
  std::unique_ptr<Services> services(new Services(world, stores, platform));
  ALOFT_TRY(services->OpenCompute(api_url, ca_file));
  http::ClientOptions client_options;
  client_options.io_threads = std::move(io_threads);
  ALOFT_ASSIGN(services->worker_http_, http::Client::Create(std::move(client_options)));
  services->objects_ = std::make_unique<objects::Service>(
      stores.kv(), stores.blobs(), world.clock, world.random, world.log, objects::Limits{},
      objects::Keys{.keyring = &platform.keyring(),
                    .key_service = &platform.object_keys(),
                    .encrypt_by_default = world.config.encrypt_at_rest},
      &stores.archive());
  services->trails_ =
      std::make_unique<trails::Service>(stores.kv(), *services->objects_, platform.audit(), world.clock, world.log);
  ALOFT_TRY(services->trails_->PublishSelectors());
  services->probe_ = std::make_unique<staging::InputProbe>(platform.identity(), *services->objects_);
  services->MakeJobWorld();
  services->MakeTraining();
  services->MakeProcessing();
  services->MakeAlarms();
  services->MakeServing();
  services->MakeScaling();
  services->MakeAsyncInference();
  services->listeners_->Set(services->training_.get(), services->processing_.get(), services->serving_.get(),
                            services->transform_.get());
  return services;
}

Status Services::OpenCompute(const std::string& api_url, const std::string& ca_file) {
  const Config& config = world_.config;
  ALOFT_ASSIGN(runtimes_, compute::RuntimeTable::Load(config.runtime_directory));
  if (config.strict_versions) runtimes_->RefuseOtherVersions();
  runtimes_->UseImages(images::Library(config.images_path()));
  capacity_ = compute::DetectCapacity(config.data_directory);
  compute::ProcessBackendOptions options;
  options.tasks_directory = config.tasks_path();
  options.socket_directory = config.run_path();
  options.agent_path = config.agent_binary;
  options.runtime_directory = config.runtime_directory;
  options.programs_directory = config.programs_directory;
  options.environments_directory = config.environments_directory;
  options.images_directory = config.images_path();
  options.api_url = api_url;
  options.ca_file = ca_file;
  options.capacity = capacity_;
  options.issue_credentials = [this](const compute::TaskId& task,
                                     const std::string& role) -> Result<compute::Credentials> {
    const std::chrono::seconds valid_for(world_.config.task_credentials_seconds);
    ALOFT_ASSIGN(auto issued, identity::IssueForRoleFor(platform_.identity().state(), role, "SageMaker", valid_for,
                                                        kSageMaker, SourceArnOf(task)));
    return compute::Credentials{issued.access_key_id, issued.secret, issued.session_token, issued.session.expires};
  };
  if (config.binds_task_sessions()) {
    options.issue_bound_credentials = [this](const compute::TaskId& task, const std::string& role,
                                             const compute::AgentKey& agent) { return IssueBound(task, role, agent); };
  }
  ALOFT_TRY(quotas_.Refresh());
  options.quotas = quota_board_;
  options.on_interrupt = [this](const compute::TaskId& id) { listeners_->Unwanted(id); };
  options.on_change = [this](const compute::TaskId& id) { listeners_->Changed(id); };
  ALOFT_ASSIGN(backend_, compute::OpenProcessBackend(options, world_.clock, world_.log));
  if (!config.slurm) return {};
  options.tasks_directory = config.data_directory + "/slurm-tasks";
  options.capacity = SlurmCapacity();
  options.host = compute::MakeSlurmHost({.agent_path = config.agent_binary,
                                         .tasks_directory = options.tasks_directory,
                                         .partition = config.slurm_partition});
  ALOFT_ASSIGN(slurm_backend_, compute::OpenProcessBackend(std::move(options), world_.clock, world_.log));
  return {};
}

Result<compute::BoundCredentials> Services::IssueBound(const compute::TaskId& task, const std::string& role,
                                                       const compute::AgentKey& agent) const {
  const std::chrono::seconds valid_for(world_.config.task_credentials_seconds);
  const Time now = world_.clock.Now();
  ALOFT_ASSIGN(AgentCertificate certificate,
               CertifyAgent(world_.config, platform_.keyring(), task, agent, now, now + valid_for));
  ALOFT_ASSIGN(auto issued,
               identity::IssueForRoleFor(platform_.identity().state(), role, "SageMaker", valid_for, kSageMaker,
                                         SourceArnOf(task), std::move(certificate.key_sha256_hex)));
  return compute::BoundCredentials{{issued.access_key_id, issued.secret, issued.session_token, issued.session.expires},
                                   std::move(certificate.pem)};
}

void Services::MakeJobWorld() {
  job_world_.quotas = quota_board_;
  job_world_.resolve = [this](std::string_view image) { return runtimes_->Resolve(image); };
  job_world_.check_role = [this](const identity::Session& session, const std::string& role, const std::string& job) {
    return identity::CheckPassableFor(platform_.identity().state(), session, role, kSageMaker, job);
  };
  job_world_.check_input = [this](const AccountId& account, const std::string& role, const std::string& uri) {
    return probe_->CheckPrefix(account, role, uri);
  };
}

compute::Capacity Services::jobs_capacity() const {
  return slurm_backend_ ? SlurmCapacity() : capacity_;
}

void Services::MakeTraining() {
  training::Dependencies needs{stores_.database(), jobs_backend(), platform_.logs(), platform_.points(),
                               world_.clock,       world_.random,  world_.log,       job_world_};
  training::Options options;
  options.capacity = jobs_capacity();
  options.several_instances = slurm_backend_ == nullptr;
  options.warm_pools = slurm_backend_ == nullptr;
  options.engine.holder = stores_.replica();
  options.engine.on_rescan = [this] {
    if (auto read = quotas_.Refresh(); !read.ok())
      world_.log.Warn("quotas cannot be read; the last ones hold", {{"error", Describe(read.error())}});
  };
  options.plan.stop_grace = std::chrono::seconds(world_.config.stop_grace_seconds);
  options.plan.spot_hours = *training::SpotHours::Parse(world_.config.spot_hours);  // config.cc has looked at it
  training_ = std::make_unique<training::Service>(std::move(needs), std::move(options));
}

void Services::MakeProcessing() {
  processing::Options options;
  options.capacity = jobs_capacity();
  options.several_instances = slurm_backend_ == nullptr;
  options.engine.holder = stores_.replica();
  options.plan.stop_grace = std::chrono::seconds(world_.config.stop_grace_seconds);
  processing_ = std::make_unique<processing::Service>(
      processing::Dependencies{{stores_.database(), jobs_backend(), platform_.logs(), world_.clock, world_.random,
                                world_.log, &platform_.points()},
                               job_world_},
      std::move(options));
}

void Services::MakeServing() {
  auto probe = [this](const AccountId& account, const std::string& role, const std::string& uri, bool is_prefix) {
    return is_prefix ? probe_->CheckPrefix(account, role, uri) : probe_->CheckObject(account, role, uri);
  };
  models_ =
      std::make_unique<models::Service>(stores_.database(), platform_.identity(), *runtimes_, world_.clock, probe);
  workers_ = serving::MakeHttpWorkerClient(*worker_http_);
  serving::Options options;
  options.holder = stores_.replica();
  auto store = [roles = staging::RoleStore(platform_.identity(), *objects_)](
                   const AccountId& account, const std::string& role, const std::string& uri,
                   const std::string& content_type,
                   const std::string& body) { return roles.Put(account, role, uri, content_type, body); };
  auto alarm_fires = [this](const serving::Scope& scope, const std::string& name) -> Result<bool> {
    ALOFT_ASSIGN(alarms::State state, alarms_->StateOf({scope.account, scope.region}, name));
    return state == alarms::State::kAlarm;
  };
  serving_ = std::make_unique<serving::Service>(
      serving::Dependencies{stores_.database(), *models_, *runtimes_, *backend_, *workers_, platform_.logs(),
                            platform_.points(), world_.clock, world_.random, store, alarm_fires, &world_.metrics},
      std::move(options), world_.log);
  auto check = [this](const AccountId& account, const std::string& role, const std::string& uri) {
    return probe_->CheckPrefix(account, role, uri);
  };
  transform_ = std::make_unique<transform::Service>(
      transform::Dependencies{stores_.database(), *models_, *runtimes_, *backend_, platform_.logs(), world_.clock,
                              world_.random, check},
      stores_.replica(), world_.log);
}

void Services::MakeAlarms() {
  alarms_ = std::make_unique<alarms::Service>(stores_.database(), platform_.points(), world_.clock, world_.random,
                                              stores_.replica(), world_.log);
}

void Services::MakeScaling() {
  variants_ = std::make_unique<VariantCapacity>(*serving_);
  components_ = std::make_unique<ComponentCapacity>(serving_->components());
  scaling_ = std::make_unique<scaling::Service>(
      scaling::Dependencies{stores_.database(),
                            platform_.points(),
                            *alarms_,
                            world_.clock,
                            world_.random,
                            {{"sagemaker:variant:DesiredInstanceCount", variants_.get()},
                             {"sagemaker:inference-component:DesiredCopyCount", components_.get()}}},
      scaling::Options{.holder = stores_.replica()}, world_.log);
}

void Services::MakeAsyncInference() {
  async_inference::Dependencies needs{
      stores_.database(), *serving_, platform_.points(), world_.clock, world_.random, {}, {}};
  staging::RoleStore roles(platform_.identity(), *objects_);
  needs.fetch_as = [roles](const AccountId& account, const std::string& role, const std::string& uri,
                           std::size_t most) { return roles.Get(account, role, uri, most); };
  needs.store_as = [roles](const AccountId& account, const std::string& role, const std::string& uri,
                           const std::string& content_type,
                           const std::string& body) { return roles.Put(account, role, uri, content_type, body); };
  async_inference_ = std::make_unique<async_inference::Service>(
      std::move(needs), async_inference::Options{.holder = stores_.replica()}, world_.log);
}

Status Services::Start() {
  ALOFT_TRY(serving_->Start());
  training_->Start();
  transform_->Start();
  processing_->Start();
  alarms_->Start();
  scaling_->Start();
  async_inference_->Start();
  return {};
}

void Services::Stop() {
  if (scaling_) scaling_->Stop();
  if (async_inference_) async_inference_->Stop();
  if (alarms_) alarms_->Stop();
  if (training_) training_->Stop();
  if (transform_) transform_->Stop();
  if (processing_) processing_->Stop();
  if (serving_) serving_->Stop();
  listeners_->Set(nullptr, nullptr, nullptr, nullptr);
  slurm_backend_.reset();  // their threads call back
  backend_.reset();
}

}  // namespace aloft::app
