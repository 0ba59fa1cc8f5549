#include "services/serving/routing/router.h"

#include <algorithm>

#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"
#include "services/serving/routing/router_run.h"

namespace aloft::serving {
namespace {

std::string KeyOf(const Scope& scope, const std::string& endpoint) {
  return scope.account.value() + "/" + scope.region.value() + "/" + endpoint;
}

}  // namespace

Router::Router(Options options, WorkerClient& workers, std::shared_ptr<Meter> meter, const Clock& clock, Hooks hooks)
    : options_(options), workers_(workers), meter_(std::move(meter)), clock_(clock), hooks_(std::move(hooks)) {}

std::shared_ptr<Router::Entry> Router::Find(const Scope& scope, const std::string& endpoint) const {
  std::shared_lock lock(mutex_);
  auto found = entries_.find(KeyOf(scope, endpoint));
  return found == entries_.end() ? nullptr : found->second;
}

void Router::Publish(const Scope& scope, const std::string& endpoint, EndpointStatus status,
                     std::shared_ptr<Version> version, int most) {
  std::shared_ptr<Entry> entry;
  {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Entry>& slot = entries_[KeyOf(scope, endpoint)];
    if (!slot) slot = std::make_shared<Entry>();
    entry = slot;
  }
  entry->most.store(most);
  std::deque<std::shared_ptr<Run>> waiting;
  {
    std::lock_guard lock(entry->mutex);
    std::map<compute::TaskId, std::shared_ptr<std::atomic<int>>> loads;
    if (version) {
      for (RoutedVariant& variant : version->variants) {
        for (RoutedWorker& worker : variant.workers) {
          auto known = entry->loads.find(worker.task);
          worker.load = known == entry->loads.end() ? std::make_shared<std::atomic<int>>(0) : known->second;
          loads[worker.task] = worker.load;
        }
      }
    }
    std::erase_if(entry->loads, [](const auto& load) { return load.second->load() == 0; });
    loads.merge(entry->loads);  // those that still answer what they got before
    entry->loads = std::move(loads);
    entry->status = status;
    entry->version = std::move(version);
    waiting.swap(entry->waiting);
  }
  for (const std::shared_ptr<Run>& run : waiting) run->Go();
}

void Router::SetHosting(const Scope& scope, const std::string& endpoint, const std::string& host, bool hosts) {
  std::shared_ptr<Entry> entry;
  {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Entry>& slot = entries_[KeyOf(scope, endpoint)];
    if (!slot) slot = std::make_shared<Entry>();
    entry = slot;
  }
  std::lock_guard lock(entry->mutex);
  entry->host = host;
  entry->hosts = hosts;
}

// The texts are AWS's as far as they are known.
Status Router::CheckHosting(const Scope& scope, const Invocation& invocation) const {
  std::shared_ptr<Entry> entry = Find(scope, invocation.endpoint);
  if (!entry) return {};
  bool hosts = false;
  {
    std::lock_guard lock(entry->mutex);
    hosts = entry->hosts;
  }
  if (!hosts && invocation.component.empty()) return {};
  if (hosts && invocation.component.empty()) {
    return Fail(kBadTarget,
                "Inference Component Name header is required for endpoints to which you plan to deploy inference "
                "components. Please include Inference Component Name header or consider using SageMaker models.");
  }
  if (!hosts) {
    return Fail(
        kBadTarget,
        "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
        "components. Please remove Inference Component Name header or consider using inference components.");
  }
  std::shared_ptr<Entry> component = Find(scope, ComponentKey(invocation.component));
  bool ours = false;
  if (component) {
    std::lock_guard lock(component->mutex);
    ours = component->host == invocation.endpoint && component->status != EndpointStatus::kDeleting;
  }
  if (ours) return {};
  return Fail(kNoSuchComponent, "Inference Component " + invocation.component + " of endpoint " + invocation.endpoint +
                                    " of account " + scope.account.value() + " not found.");
}

void Router::Forget(const Scope& scope, const std::string& endpoint) {
  std::shared_ptr<Entry> entry;
  {
    std::unique_lock lock(mutex_);
    auto found = entries_.find(KeyOf(scope, endpoint));
    if (found == entries_.end()) return;
    entry = found->second;
    entries_.erase(found);
  }
  std::deque<std::shared_ptr<Run>> waiting;
  {
    std::lock_guard lock(entry->mutex);
    entry->status = EndpointStatus::kDeleting;
    entry->version.reset();
    waiting.swap(entry->waiting);
  }
  for (const std::shared_ptr<Run>& run : waiting) run->Go();
}

std::shared_ptr<const Version> Router::Published(const Scope& scope, const std::string& endpoint) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  if (!entry) return nullptr;
  std::lock_guard lock(entry->mutex);
  return entry->version;
}

int Router::InFlight(const Scope& scope, const std::string& endpoint) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  return entry ? entry->in_flight.load() : 0;
}

int Router::Waiting(const Scope& scope, const std::string& endpoint) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  if (!entry) return 0;
  std::lock_guard lock(entry->mutex);
  return static_cast<int>(entry->waiting.size());
}

std::uint64_t Router::Admitted(const Scope& scope, const std::string& endpoint) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  return entry ? entry->admitted.load(std::memory_order_relaxed) : 0;
}

bool Router::InUse(const Scope& scope, const std::string& endpoint, const compute::TaskId& task) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  if (!entry) return false;
  std::lock_guard lock(entry->mutex);
  auto load = entry->loads.find(task);
  return load != entry->loads.end() && load->second->load() > 0;
}

// The request itself is counted already.
std::string Router::Refusal(const Entry& entry, const std::string& name) const {
  const int here = entry.in_flight.load(), most = entry.most.load();
  if (most > 0 && here > most) {
    return Shown(name) + " works on as many requests at once as its MaxConcurrency (" + std::to_string(most) +
           ") allows; try again with exponential backoff.";
  }
  const int free = std::max(options_.max_invocations - totals_->in_flight.load(std::memory_order_relaxed), 0);
  const std::size_t bytes = totals_->bytes.load(std::memory_order_relaxed);
  const std::size_t free_bytes = options_.max_bytes_in_flight - std::min(bytes, options_.max_bytes_in_flight);
  const bool one = here == 1 && free > 0;  // an endpoint that has nothing else may have one of any size
  if (here <= std::min(options_.max_invocations_per_endpoint, free + 1) &&
      (one || entry.bytes.load(std::memory_order_relaxed) <= free_bytes)) {
    return "";
  }
  return Shown(name) + " has too many invocations waiting; try again with exponential backoff.";
}

void Router::Invoke(const Scope& scope, Invocation invocation, AnswerDone done) {
  if (Status fits = CheckHosting(scope, invocation); !fits.ok()) return done(std::move(fits).error());
  // From here on it is the component's, which is routed as an endpoint.
  if (!invocation.component.empty() && Find(scope, invocation.endpoint)) {
    invocation.endpoint = ComponentKey(invocation.component);
  }
  std::shared_ptr<Entry> entry = Find(scope, invocation.endpoint);
  bool gone = !entry;
  if (entry) {
    std::lock_guard lock(entry->mutex);
    gone = entry->status == EndpointStatus::kDeleting;
  }
  if (gone) {
    return done(
        Fail(kNoSuchEndpoint, Shown(invocation.endpoint) + " of account " + scope.account.value() + " not found."));
  }
  std::string name = invocation.endpoint;
  // From here on the run counts itself in and out again.
  auto run = std::make_shared<Run>(*this, scope, std::move(invocation), entry, done);
  if (std::string refusal = Refusal(*entry, name); !refusal.empty()) {
    run.reset();
    return done(Fail(kTooManyInvocations, std::move(refusal)));
  }
  run->Go();
}

std::size_t Router::Tick() {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [key, entry] : entries_) entries.push_back(entry);
  }
  std::size_t left = 0;
  for (const std::shared_ptr<Entry>& entry : entries) {
    std::deque<std::shared_ptr<Run>> waiting;
    {
      std::lock_guard lock(entry->mutex);
      waiting.swap(entry->waiting);
    }
    for (const std::shared_ptr<Run>& run : waiting) run->IsLate() ? run->NotReady() : run->Go();
    std::lock_guard lock(entry->mutex);
    left += entry->waiting.size();
  }
  return left;
}

void Router::Stop() {
  std::vector<std::shared_ptr<Entry>> entries;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [key, entry] : entries_) entries.push_back(entry);
  }
  for (const std::shared_ptr<Entry>& entry : entries) {
    std::deque<std::shared_ptr<Run>> waiting;
    {
      std::lock_guard lock(entry->mutex);
      waiting.swap(entry->waiting);
    }
    for (const std::shared_ptr<Run>& run : waiting) run->NotReady();
  }
}

}  // namespace aloft::serving
