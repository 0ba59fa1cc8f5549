#include "services/serving/router.h"

#include <mutex>
#include <random>

#include "services/serving/errors.h"

namespace aloft::serving {
namespace {

std::string KeyOf(const Scope& scope, const std::string& endpoint) {
  return scope.account.value() + "/" + scope.region.value() + "/" + endpoint;
}

// A number in [0, 1) that need not be unpredictable.
double Chance() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

struct Router::Entry {
  EndpointStatus status = EndpointStatus::kCreating;
  std::shared_ptr<const Version> version;
  std::map<int, std::shared_ptr<std::atomic<int>>> uses;  // by generation
  std::atomic<int> in_flight{0};
  mutable std::mutex mutex;  // of all but in_flight
};

// One invocation from its admission to its answer. Holds what it uses of its endpoint.
class Router::Run : public std::enable_shared_from_this<Router::Run> {
 public:
  Run(Scope scope, Invocation invocation, std::shared_ptr<Entry> entry, std::shared_ptr<const Version> version,
      std::shared_ptr<std::atomic<int>> use, std::shared_ptr<std::atomic<std::size_t>> bytes,
      std::shared_ptr<Meter> meter, const Clock& clock, AnswerDone done)
      : scope_(std::move(scope)),
        invocation_(std::move(invocation)),
        entry_(std::move(entry)),
        version_(std::move(version)),
        use_(std::move(use)),
        bytes_(std::move(bytes)),
        meter_(std::move(meter)),
        clock_(clock),
        size_(invocation_.body.size()),
        done_(std::move(done)),
        admitted_(clock.Monotonic()) {}

  ~Run() {
    entry_->in_flight.fetch_sub(1);
    use_->fetch_sub(1);
    bytes_->fetch_sub(size_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void Start(WorkerClient& workers, std::chrono::milliseconds timeout, Suspect suspect) {
    workers_ = &workers;
    timeout_ = timeout;
    suspect_ = std::move(suspect);
    variant_ = ChooseVariant();
    if (variant_ == nullptr) {
      if (invocation_.target_variant.empty()) return NotReady();
      return done_(Fail(kNoSuchVariant, "Variant " + invocation_.target_variant + " of endpoint " +
                                            invocation_.endpoint + " was not found."));
    }
    tried_.assign(variant_->workers.size(), false);
    Next();
  }

 private:
  const RoutedVariant* ChooseVariant() const {
    double total = 0;
    for (const RoutedVariant& variant : version_->variants) {
      if (!invocation_.target_variant.empty()) {
        if (variant.name == invocation_.target_variant) return &variant;
      } else if (!variant.workers.empty()) {
        total += variant.weight;
      }
    }
    if (!invocation_.target_variant.empty()) return nullptr;
    double point = Chance() * total;
    const RoutedVariant* chosen = nullptr;
    for (const RoutedVariant& variant : version_->variants) {
      if (variant.workers.empty() || variant.weight <= 0) continue;
      chosen = &variant;
      point -= variant.weight;
      if (point < 0) break;
    }
    return chosen;
  }

  void NotReady() {
    done_(Fail(kEndpointNotReady, "No worker of endpoint " + invocation_.endpoint + " answers now; try again."));
  }

  // The worker with the least to do of those not tried yet.
  void Next() {
    const RoutedWorker* chosen = nullptr;
    std::size_t index = 0;
    for (std::size_t i = 0; i < variant_->workers.size(); ++i) {
      const RoutedWorker& worker = variant_->workers[i];
      if (tried_[i] || (chosen != nullptr && chosen->load->load() <= worker.load->load())) continue;
      chosen = &worker;
      index = i;
    }
    if (chosen == nullptr) return NotReady();
    tried_[index] = true;
    chosen->load->fetch_add(1);
    sent_ = clock_.Monotonic();
    workers_->Invoke(chosen->socket, invocation_, timeout_,
                     [self = shared_from_this(), chosen](Result<WorkerAnswer> answer) {
                       chosen->load->fetch_sub(1);
                       self->Receive(*chosen, std::move(answer));
                     });
  }

  void Receive(const RoutedWorker& worker, Result<WorkerAnswer> result) {
    MonotonicTime received = clock_.Monotonic();
    Answer answer;
    answer.variant = variant_->name;
    answer.log_stream_arn = worker.log_stream_arn;
    if (result.ok()) {
      answer.status = result->status;
      answer.content_type = std::move(result->content_type);
      answer.custom_attributes = std::move(result->custom_attributes);
      answer.body = std::move(result->body);
    } else {
      suspect_(worker.task);
      if (result.error().kind() == ErrorKind::kUnavailable) return Next();  // it never got the request
      answer.status = result.error().kind() == ErrorKind::kDeadlineExceeded ? 0 : 500;
      answer.content_type = "text/plain";
      answer.body = answer.status == 0
                        ? "Your invocation timed out while waiting for a response from container primary."
                        : "The model's process ended while it answered.";
    }
    Sample sample;
    sample.status = answer.status;
    sample.model = std::chrono::duration_cast<std::chrono::microseconds>(received - sent_);
    sample.overhead = std::chrono::duration_cast<std::chrono::microseconds>(sent_ - admitted_);
    meter_->Record(scope_, invocation_.endpoint, variant_->name, sample);
    done_(std::move(answer));
  }

  const Scope scope_;
  const Invocation invocation_;
  const std::shared_ptr<Entry> entry_;
  const std::shared_ptr<const Version> version_;
  const std::shared_ptr<std::atomic<int>> use_;
  const std::shared_ptr<std::atomic<std::size_t>> bytes_;
  const std::shared_ptr<Meter> meter_;
  const Clock& clock_;
  const std::size_t size_;
  const AnswerDone done_;
  const MonotonicTime admitted_;
  MonotonicTime sent_{};
  WorkerClient* workers_ = nullptr;
  std::chrono::milliseconds timeout_{0};
  Suspect suspect_;
  const RoutedVariant* variant_ = nullptr;
  std::vector<bool> tried_;
};

Router::Router(Options options, WorkerClient& workers, std::shared_ptr<Meter> meter, const Clock& clock,
               Suspect suspect)
    : options_(options), workers_(workers), meter_(std::move(meter)), clock_(clock), suspect_(std::move(suspect)) {}

std::shared_ptr<Router::Entry> Router::Find(const Scope& scope, const std::string& endpoint) const {
  std::shared_lock lock(mutex_);
  auto found = entries_.find(KeyOf(scope, endpoint));
  return found == entries_.end() ? nullptr : found->second;
}

void Router::Publish(const Scope& scope, const std::string& endpoint, EndpointStatus status,
                     std::shared_ptr<const Version> version) {
  std::shared_ptr<Entry> entry;
  {
    std::unique_lock lock(mutex_);
    std::shared_ptr<Entry>& slot = entries_[KeyOf(scope, endpoint)];
    if (!slot) slot = std::make_shared<Entry>();
    entry = slot;
  }
  std::lock_guard lock(entry->mutex);
  entry->status = status;
  entry->version = std::move(version);
  std::erase_if(entry->uses, [&](const auto& use) {
    return use.second->load() == 0 && !(entry->version && entry->version->generation == use.first);
  });
  if (entry->version && !entry->uses.contains(entry->version->generation)) {
    entry->uses[entry->version->generation] = std::make_shared<std::atomic<int>>(0);
  }
}

void Router::Forget(const Scope& scope, const std::string& endpoint) {
  std::unique_lock lock(mutex_);
  entries_.erase(KeyOf(scope, endpoint));
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

bool Router::InUse(const Scope& scope, const std::string& endpoint, int generation) const {
  std::shared_ptr<Entry> entry = Find(scope, endpoint);
  if (!entry) return false;
  std::lock_guard lock(entry->mutex);
  auto use = entry->uses.find(generation);
  return use != entry->uses.end() && use->second->load() > 0;
}

void Router::Invoke(const Scope& scope, Invocation invocation, AnswerDone done) {
  std::shared_ptr<Entry> entry = Find(scope, invocation.endpoint);
  std::shared_ptr<const Version> version;
  std::shared_ptr<std::atomic<int>> use;
  EndpointStatus status = EndpointStatus::kDeleting;
  if (entry) {
    std::lock_guard lock(entry->mutex);
    status = entry->status;
    version = entry->version;
    if (version) {
      use = entry->uses[version->generation];
      use->fetch_add(1);  // under the lock, so that the generation is not ended in between
    }
  }
  if (!entry || status == EndpointStatus::kDeleting) {
    if (use) use->fetch_sub(1);
    return done(Fail(kNoSuchEndpoint,
                     "Endpoint " + invocation.endpoint + " of account " + scope.account.value() + " not found."));
  }
  if (!version) {
    if (status == EndpointStatus::kInService) {
      return done(Fail(kEndpointNotReady, "No worker of endpoint " + invocation.endpoint + " answers now; try again."));
    }
    return done(Fail(kEndpointNotInService, "Endpoint " + invocation.endpoint + " of account " + scope.account.value() +
                                                " is not in service: its status is " + std::string(ToString(status)) +
                                                "."));
  }
  // From here on the run counts itself out again.
  entry->in_flight.fetch_add(1);
  bytes_->fetch_add(invocation.body.size());
  bool full =
      entry->in_flight.load() > options_.max_invocations_per_endpoint || bytes_->load() > options_.max_bytes_in_flight;
  std::string name = invocation.endpoint;
  auto run = std::make_shared<Run>(scope, std::move(invocation), std::move(entry), std::move(version), std::move(use),
                                   bytes_, meter_, clock_, done);
  if (full) {
    run.reset();
    return done(Fail(kTooManyInvocations,
                     "Too many invocations of endpoint " + name + " are waiting; try again with exponential backoff."));
  }
  run->Start(workers_, options_.model_timeout, suspect_);
}

}  // namespace aloft::serving
