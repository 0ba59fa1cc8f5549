#include "services/serving/keeper.h"
#include "services/serving/component.h"

#include <set>

#include "foundation/base/bytes.h"
#include "services/serving/deployment.h"
#include "services/serving/keeper_step.h"
#include "services/serving/workers/version.h"

namespace aloft::serving {
namespace {

// Keys of the loop that name no endpoint.
constexpr char kLeaseKey[] = "#lease";
constexpr char kMetricsKey[] = "#metrics";
constexpr char kRescanKey[] = "#rescan";
constexpr char kWaitingKey[] = "#waiting";
constexpr std::chrono::milliseconds kWaitingTick{100};
constexpr char kCaptureKey[] = "#capture";
constexpr std::chrono::seconds kCaptureInterval{5};
constexpr char kLeaseName[] = "serving.loop";
constexpr std::chrono::seconds kMetricsInterval{5};
constexpr int kPagesAtEnd = 64;  // of the log of a worker that is ended: 16 MiB

std::string KeyOf(const Scope& scope, const std::string& endpoint) {
  return scope.account.value() + "/" + scope.region.value() + "/" + endpoint;
}

}  // namespace

Keeper::Keeper(Collaborators collaborators, Options options, Log log)
    : with_(collaborators),
      options_(std::move(options)),
      log_(std::move(log)),
      shipper_(with_.backend, with_.logs),
      usage_(with_.backend, with_.metrics, with_.clock),
      leases_(with_.database, with_.clock),
      loop_(std::make_shared<work::Loop>(
          work::LoopOptions{.name = "serving", .threads = 2}, [this](const std::string& key) { return Look(key); },
          with_.clock, with_.random, log_)),
      health_(with_.workers, with_.clock, [loop = std::weak_ptr(loop_)](const compute::TaskId& task) {
        std::optional<WorkerName> worker = ParseTaskId(task);
        if (auto alive = loop.lock(); alive && worker) alive->Wake(KeyOf(worker->scope, worker->endpoint));
      }) {}

Keeper::~Keeper() {
  Stop();
}

void Keeper::Start() {
  loop_->Wake(kMetricsKey);
  loop_->Wake(kCaptureKey);
  loop_->Start();
}

void Keeper::Stop() {
  loop_->Stop();
  std::optional<work::Lease> lease = HeldLease();
  if (!lease) return;
  if (Status released = leases_.Release(*lease); !released.ok()) {
    log_.Warn("the serving lease was not released", {{"error", Describe(released.error())}});
  }
  std::lock_guard lock(mutex_);
  lease_.reset();
}

Status Keeper::Resume() {
  // At once, so that a server that starts alone has its endpoints back with its first step.
  ALOFT_TRY(StepLease());
  ALOFT_TRY(Rescan());
  loop_->Wake(kLeaseKey);
  loop_->Wake(kRescanKey);
  return {};
}

std::optional<work::Lease> Keeper::HeldLease() {
  std::lock_guard lock(mutex_);
  return lease_;
}

Result<work::Again> Keeper::StepLease() {
  std::optional<work::Lease> held = HeldLease(), next;
  if (held) {
    Result<work::Lease> renewed = leases_.Renew(*held, options_.lease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    if (renewed.ok()) next = *std::move(renewed);
  } else {
    ALOFT_ASSIGN(next, leases_.Acquire(kLeaseName, options_.holder, options_.lease));
  }
  {
    std::lock_guard lock(mutex_);
    lease_ = next;
  }
  if (next) std::erase_if(orphans_, [this](const WorkerName& orphan) { return EndWorker(orphan); });
  if (next && !held) {
    // A failure must not keep the endpoints from being woken: this is not tried again while the lease is held.
    if (Status ended = EndOrphans(); !ended.ok()) {
      log_.Warn("workers that belong to no endpoint were not looked for", {{"error", Describe(ended.error())}});
    }
    ALOFT_ASSIGN(std::vector<EndpointKey> keys,
                 with_.database.Read([](sql::Reader& reader) { return ListEndpointKeys(reader); }));
    for (const EndpointKey& key : keys) Wake(key.scope, key.name);
  }
  return work::Again{std::chrono::microseconds(options_.lease) / 3};
}

Result<work::Again> Keeper::Rescan() {
  ALOFT_ASSIGN(std::vector<EndpointKey> keys,
               with_.database.Read([](sql::Reader& reader) { return ListEndpointKeys(reader); }));
  std::set<std::string> seen;
  for (const EndpointKey& key : keys) {
    std::string text = KeyOf(key.scope, key.name);
    if (MemoryOf(text).revision != key.revision) loop_->Wake(text);
    seen.insert(std::move(text));
  }
  std::lock_guard lock(mutex_);
  for (const auto& [key, memory] : memories_) {
    if (!seen.contains(key)) loop_->Wake(key);  // deleted
  }
  return work::Again{options_.rescan};
}

void Keeper::Wake(const Scope& scope, const std::string& endpoint) {
  loop_->Wake(KeyOf(scope, endpoint));
}

void Keeper::OnTaskChange(const compute::TaskId& task) {
  if (std::optional<WorkerName> worker = ParseTaskId(task)) Wake(worker->scope, worker->endpoint);
}

void Keeper::OnWaiting(const Scope& scope, const std::string& endpoint) {
  loop_->WakeAt(kWaitingKey, with_.clock.Monotonic() + kWaitingTick);
  Wake(scope, endpoint);
}

Result<work::Again> Keeper::FlushCapture() {
  with_.capture.Flush();
  return work::Again{kCaptureInterval};
}

Result<work::Again> Keeper::TickWaiting() {
  if (with_.router.Tick() == 0) return work::Again{};
  return work::Again{kWaitingTick};
}

void Keeper::Suspect(const compute::TaskId& task) {
  health_.Suspect(task);
  OnTaskChange(task);
}

Status Keeper::EndOrphans() {
  std::set<compute::TaskId> wanted;
  ALOFT_ASSIGN(std::vector<EndpointKey> keys,
               with_.database.Read([](sql::Reader& reader) { return ListEndpointKeys(reader); }));
  for (const EndpointKey& key : keys) {
    Result<Endpoint> endpoint =
        with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, key.scope, key.name); });
    if (!endpoint.ok() && endpoint.error().kind() == ErrorKind::kNotFound) continue;  // deleted since
    if (!endpoint.ok()) return std::move(endpoint).error();
    for (const std::optional<Deployment>* deployment : {&endpoint->current, &endpoint->next}) {
      if (!*deployment) continue;
      for (const Slot& slot : (*deployment)->slots) {
        wanted.insert(TaskIdOf(NameOf(key.scope, endpoint->name, **deployment, slot)));
      }
    }
  }
  ALOFT_ASSIGN(std::vector<compute::TaskId> tasks, with_.backend.List());
  for (const compute::TaskId& task : tasks) {
    std::optional<WorkerName> worker = ParseTaskId(task);
    if (worker && !wanted.contains(task) && !EndWorker(*worker)) orphans_.push_back(*worker);
  }
  return {};
}

void Keeper::CatchUp(const Scope& scope, const std::string& name) {
  if (HeldLease()) return;  // what the router has is what there is
  Result<Endpoint> endpoint =
      with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, name); });
  if (!endpoint.ok()) {
    if (endpoint.error().kind() == ErrorKind::kNotFound) with_.router.Forget(scope, name);
    return;
  }
  std::map<compute::TaskId, std::string> sockets;
  for (const std::optional<Deployment>* deployment : {&endpoint->current, &endpoint->next}) {
    if (!*deployment) continue;
    for (const Slot& slot : (*deployment)->slots) {
      if (!slot.socket.empty()) sockets[TaskIdOf(NameOf(scope, name, **deployment, slot))] = slot.socket;
    }
  }
  with_.router.SetHosting(scope, name, endpoint->host, endpoint->current && IsHost(*endpoint->current));
  with_.router.Publish(scope, name, endpoint->status, VersionOf(scope, *endpoint, sockets),
                       endpoint->current ? MaxConcurrencyOf(*endpoint->current) : 0);
  Wake(scope, name);
}

// Its log first: the task takes it along.
bool Keeper::EndWorker(const WorkerName& worker) {
  compute::TaskId id = TaskIdOf(worker);
  if (Result<bool> shipped = shipper_.Ship(worker, kPagesAtEnd); !shipped.ok()) {
    log_.Warn("the log of a model worker could not be stored",
              {{"task", id.value()}, {"error", Describe(shipped.error())}});
  }
  if (Status removed = with_.backend.Remove(id); !removed.ok()) {
    log_.Warn("a model worker could not be ended", {{"task", id.value()}, {"error", Describe(removed.error())}});
    return false;
  }
  health_.Forget(id);
  shipper_.Forget(worker);
  usage_.Forget(worker);
  return true;
}

Keeper::Memory& Keeper::MemoryOf(const std::string& key) {
  std::lock_guard lock(mutex_);
  std::unique_ptr<Memory>& memory = memories_[key];
  if (!memory) memory = std::make_unique<Memory>();
  return *memory;
}

Result<work::Again> Keeper::FlushMetrics() {
  for (auto& [scope, points] : with_.meter.Take()) {
    if (Status put = with_.metrics.Put(scope, points); !put.ok()) {
      log_.Warn("metrics of endpoints could not be stored", {{"error", Describe(put.error())}});
    }
  }
  return work::Again{kMetricsInterval};
}

Result<work::Again> Keeper::Look(const std::string& key) {
  if (key == kLeaseKey) return StepLease();
  if (key == kMetricsKey) return FlushMetrics();
  if (key == kRescanKey) return Rescan();
  if (key == kWaitingKey) return TickWaiting();
  if (key == kCaptureKey) return FlushCapture();
  Result<work::Again> again = LookAtEndpoint(key);
  if (again.ok()) return again;
  // A wish came in between: look again. The lease is another server's: see whose.
  if (again.error().reason == kRevisionMismatch) return work::Again{std::chrono::microseconds(0)};
  if (again.error().reason != work::kLeaseLost) return again;
  loop_->Wake(kLeaseKey);
  return work::Again{};
}

Result<work::Again> Keeper::LookAtEndpoint(const std::string& key) {
  std::vector<std::string_view> parts = Split(key, '/');
  Scope scope{AccountId(parts[0]), Region(parts[1])};
  std::string name(parts[2]);
  Result<Endpoint> endpoint =
      with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, name); });
  if (!endpoint.ok() && endpoint.error().kind() == ErrorKind::kNotFound) {
    with_.router.Forget(scope, name);
    Memory& memory = MemoryOf(key);
    std::erase_if(memory.retired, [&](const Retired& one) { return EndWorker(one.worker); });  // the lease's holder's
    if (!memory.retired.empty()) return work::Again{kEndAgain};
    std::lock_guard lock(mutex_);
    memories_.erase(key);
    return work::Again{};
  }
  if (!endpoint.ok()) return std::move(endpoint).error();
  MemoryOf(key).revision = endpoint->revision;
  return Step(*this, scope, *std::move(endpoint), MemoryOf(key), HeldLease()).Run();
}

}  // namespace aloft::serving
