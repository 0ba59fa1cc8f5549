#include "services/serving/keeper.h"

#include <set>

#include "foundation/base/bytes.h"
#include "services/serving/keeper_step.h"

namespace aloft::serving {
namespace {

constexpr char kMetricsKey[] = "#metrics";
constexpr std::chrono::seconds kMetricsInterval{5};
constexpr int kPagesAtEnd = 64;  // of the log of a worker that is ended: 16 MiB

std::string KeyOf(const Scope& scope, const std::string& endpoint) {
  return scope.account.value() + "/" + scope.region.value() + "/" + endpoint;
}

}  // namespace

Keeper::Keeper(Collaborators collaborators, std::chrono::seconds drain, Log log)
    : with_(collaborators),
      drain_(drain),
      log_(std::move(log)),
      shipper_(with_.backend, with_.logs),
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
  loop_->Start();
}

void Keeper::Stop() {
  loop_->Stop();
}

void Keeper::Wake(const Scope& scope, const std::string& endpoint) {
  loop_->Wake(KeyOf(scope, endpoint));
}

void Keeper::OnTaskChange(const compute::TaskId& task) {
  if (std::optional<WorkerName> worker = ParseTaskId(task)) Wake(worker->scope, worker->endpoint);
}

void Keeper::Suspect(const compute::TaskId& task) {
  health_.Suspect(task);
  OnTaskChange(task);
}

Status Keeper::Adopt() {
  std::set<compute::TaskId> wanted;
  ALOFT_ASSIGN(std::vector<EndpointKey> keys,
               with_.database.Read([](sql::Reader& reader) { return ListEndpointKeys(reader); }));
  for (const EndpointKey& key : keys) {
    ALOFT_ASSIGN(Endpoint endpoint,
                 with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, key.scope, key.name); }));
    for (const std::optional<Deployment>* deployment : {&endpoint.current, &endpoint.next}) {
      if (!*deployment) continue;
      for (const Slot& slot : (*deployment)->slots) {
        wanted.insert(TaskIdOf(NameOf(key.scope, endpoint.name, **deployment, slot)));
      }
    }
    Wake(key.scope, key.name);
  }
  ALOFT_ASSIGN(std::vector<compute::TaskId> tasks, with_.backend.List());
  for (const compute::TaskId& task : tasks) {
    std::optional<WorkerName> worker = ParseTaskId(task);
    if (worker && !wanted.contains(task)) EndWorker(*worker);
  }
  return {};
}

// Its log first: the task takes it along.
void Keeper::EndWorker(const WorkerName& worker) {
  compute::TaskId id = TaskIdOf(worker);
  if (Result<bool> shipped = shipper_.Ship(worker, kPagesAtEnd); !shipped.ok()) {
    log_.Warn("the log of a model worker could not be stored",
              {{"task", id.value()}, {"error", Describe(shipped.error())}});
  }
  if (Status removed = with_.backend.Remove(id); !removed.ok()) {
    log_.Warn("a model worker could not be ended", {{"task", id.value()}, {"error", Describe(removed.error())}});
  }
  health_.Forget(id);
  shipper_.Forget(worker);
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
  if (key == kMetricsKey) return FlushMetrics();
  std::vector<std::string_view> parts = Split(key, '/');
  Scope scope{AccountId(parts[0]), Region(parts[1])};
  std::string name(parts[2]);
  Result<Endpoint> endpoint =
      with_.database.Read([&](sql::Reader& reader) { return LoadEndpoint(reader, scope, name); });
  if (!endpoint.ok() && endpoint.error().kind() == ErrorKind::kNotFound) {
    for (const Retired& retired : MemoryOf(key).retired) {
      for (const WorkerName& worker : retired.workers) EndWorker(worker);
    }
    with_.router.Forget(scope, name);
    std::lock_guard lock(mutex_);
    memories_.erase(key);
    return work::Again{};
  }
  if (!endpoint.ok()) return std::move(endpoint).error();
  return Step(*this, scope, *std::move(endpoint), MemoryOf(key)).Run();
}

}  // namespace aloft::serving
