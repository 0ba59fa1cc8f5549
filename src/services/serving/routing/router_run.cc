#include "services/serving/routing/router_run.h"

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <random>
#include <utility>

#include "foundation/codec/json.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/endpoints/errors.h"

namespace aloft::serving {
namespace {

constexpr int kHomeAdvantage = 8;  // requests that a model's own worker may have more than the least busy one

// {"error": "..."} of our workers -> the text.
std::string TextOf(const std::string& body) {
  Result<boost::json::value> parsed = codec::ParseJson(body);
  if (!parsed.ok() || !parsed->is_object()) return body.substr(0, 1024);
  const boost::json::value* text = parsed->get_object().if_contains("error");
  return text != nullptr && text->is_string() ? std::string(text->get_string()) : body.substr(0, 1024);
}

// A number in [0, 1) that need not be unpredictable.
double Chance() {
  thread_local std::minstd_rand engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

}  // namespace

Router::Run::Run(const Router& router, Scope scope, Invocation invocation, std::shared_ptr<Entry> entry,
                 AnswerDone done)
    : workers_(router.workers_),
      meter_(router.meter_),
      clock_(router.clock_),
      timeout_(invocation.timeout.count() > 0 ? invocation.timeout : router.options_.model_timeout),
      max_shadows_(router.options_.max_shadows_per_endpoint),
      suspect_(router.hooks_.suspect),
      waiting_(router.hooks_.waiting),
      answered_(router.hooks_.answered),
      totals_(router.totals_),
      scope_(std::move(scope)),
      invocation_(std::make_shared<const Invocation>(std::move(invocation))),
      entry_(std::move(entry)),
      done_(std::move(done)),
      admitted_(clock_.Monotonic()),
      deadline_(admitted_ + router.options_.patience) {
  entry_->in_flight.fetch_add(1);
  entry_->admitted.fetch_add(1, std::memory_order_relaxed);
  entry_->bytes.fetch_add(invocation_->body.size(), std::memory_order_relaxed);
  totals_->in_flight.fetch_add(1, std::memory_order_relaxed);
  totals_->bytes.fetch_add(invocation_->body.size(), std::memory_order_relaxed);
}

Router::Run::~Run() {
  CountOut();
}

void Router::Run::CountOut() {
  if (!std::exchange(counted_, false)) return;
  entry_->in_flight.fetch_sub(1);
  entry_->bytes.fetch_sub(invocation_->body.size(), std::memory_order_relaxed);
  totals_->in_flight.fetch_sub(1, std::memory_order_relaxed);
  totals_->bytes.fetch_sub(invocation_->body.size(), std::memory_order_relaxed);
}

// Whoever has its answer may ask again, and finds the room that it had.
void Router::Run::Tell(Result<Answer> result) {
  CountOut();
  done_(std::move(result));
}

void Router::Run::NotReady() {
  Tell(Fail(kEndpointNotReady, Shown(invocation_->endpoint) + " has no worker that answers now; try again."));
}

void Router::Run::Go() {
  for (;;) {
    std::shared_ptr<const Version> version;
    EndpointStatus status{};
    {
      std::lock_guard lock(entry_->mutex);
      version = entry_->version;
      status = entry_->status;
    }
    if (version != version_) tried_.clear();
    version_ = std::move(version);
    if (!version_ && status != EndpointStatus::kInService && status != EndpointStatus::kUpdating) {
      return Tell(Fail(kEndpointNotInService, Shown(invocation_->endpoint) + " of account " + scope_.account.value() +
                                                  " is not in service: its status is " + std::string(ToString(status)) +
                                                  "."));
    }
    const std::string& wanted = invocation_->target_variant;
    if (version_ && !wanted.empty() &&
        std::none_of(version_->variants.begin(), version_->variants.end(),
                     [&](const RoutedVariant& variant) { return variant.name == wanted && !variant.shadow; })) {
      return Tell(
          Fail(kNoSuchVariant, "Variant " + wanted + " of endpoint " + invocation_->endpoint + " was not found."));
    }
    Choice choice;
    if (version_) choice = Choose();
    if (choice.worker != nullptr) {
      if (Status fits = CheckTargets(*choice.variant); !fits.ok()) return Tell(std::move(fits).error());
      return Send(choice);
    }
    tried_.clear();
    if (Wait()) return;
  }
}

// The texts are those of AWS as far as they are known.
Status Router::Run::CheckTargets(const RoutedVariant& variant) const {
  const std::string& endpoint = invocation_->endpoint;
  if (invocation_->get) return {};
  if (!variant.multi_model && !invocation_->target_model.empty()) {
    return Fail(kBadTarget,
                "Endpoint " + endpoint + " is not a multi-model endpoint and does not support target model header.");
  }
  if (variant.multi_model && invocation_->target_model.empty()) {
    return Fail(kBadTarget, "Endpoint " + endpoint + " is a multi-model endpoint and needs TargetModel.");
  }
  if (!variant.direct && !invocation_->target_container.empty()) {
    return Fail(kBadTarget, "Endpoint " + endpoint + " has no containers that are invoked directly.");
  }
  if (variant.direct && invocation_->target_container.empty()) {
    return Fail(kBadTarget, "Endpoint " + endpoint + " needs TargetContainerHostname.");
  }
  return {};
}

bool Router::Run::Wait() {
  {
    std::lock_guard lock(entry_->mutex);
    if (entry_->version != version_) return false;
    entry_->waiting.push_back(shared_from_this());
  }
  waiting_(scope_, invocation_->endpoint);
  return true;
}

// A variant by weight among those that have a worker not tried yet, and of its workers the one with the least to do.
Router::Run::Choice Router::Run::Choose() const {
  auto best = [&](const RoutedVariant& variant) {
    const RoutedWorker* chosen = nullptr;
    const RoutedWorker* home = nullptr;  // of the model: it is loaded in one worker rather than in all
    std::size_t highest = 0;
    for (const RoutedWorker& worker : variant.workers) {
      if (std::find(tried_.begin(), tried_.end(), &worker) != tried_.end()) continue;
      if (chosen == nullptr || worker.load->load() < chosen->load->load()) chosen = &worker;
      if (!variant.multi_model) continue;
      std::size_t rank = std::hash<std::string>()(worker.task.value() + "/" + invocation_->target_model);
      if (home == nullptr || rank > highest) home = &worker, highest = rank;
    }
    if (home != nullptr && home->load->load() <= chosen->load->load() + kHomeAdvantage) return home;
    return chosen;
  };
  const std::string& wanted = invocation_->target_variant;
  auto eligible = [&](const RoutedVariant& variant) {
    return !variant.shadow && (wanted.empty() ? variant.weight > 0 : variant.name == wanted);
  };
  double total = 0;
  for (const RoutedVariant& variant : version_->variants) {
    if (eligible(variant) && best(variant) != nullptr) total += variant.weight;
  }
  double point = Chance() * total;
  Choice choice;
  for (const RoutedVariant& variant : version_->variants) {
    if (!eligible(variant)) continue;
    const RoutedWorker* worker = best(variant);
    if (worker == nullptr) continue;
    choice = {&variant, worker};
    point -= variant.weight;
    if (point < 0) break;
  }
  return choice;
}

void Router::Run::Send(Choice choice) {
  tried_.push_back(choice.worker);
  if (!shadowed_ && !invocation_->get && !invocation_->stream) Shadow(*choice.variant);
  if (invocation_->stream) invocation_->stream->variant = choice.variant->name;
  choice.worker->load->fetch_add(1);
  sent_ = clock_.Monotonic();
  workers_.Invoke(choice.worker->socket, *invocation_, timeout_,
                  [self = shared_from_this(), version = version_, choice](Result<WorkerAnswer> answer) {
                    choice.worker->load->fetch_sub(1);
                    self->Receive(*choice.variant, *choice.worker, std::move(answer));
                  });
}

// A copy for each shadow, whose answer only counts in its metrics. Once per request, and never more than a bound, so
// that a slow shadow slows nobody.
void Router::Run::Shadow(const RoutedVariant& chosen) {
  shadowed_ = true;
  for (const RoutedVariant& variant : version_->variants) {
    if (!variant.shadow || variant.next != chosen.next || variant.workers.empty()) continue;
    if (Chance() >= variant.weight) continue;
    if (entry_->shadows.fetch_add(1) >= max_shadows_) {
      entry_->shadows.fetch_sub(1);
      continue;
    }
    const RoutedWorker* worker = &variant.workers.front();
    for (const RoutedWorker& other : variant.workers) {
      if (other.load->load() < worker->load->load()) worker = &other;
    }
    worker->load->fetch_add(1);
    // Holds the request's body, not its run: the answer does not wait for the shadow's.
    workers_.Invoke(worker->socket, *invocation_, timeout_,
                    [entry = entry_, version = version_, meter = meter_, scope = scope_, invocation = invocation_,
                     &clock = clock_, began = clock_.Monotonic(), worker, &variant](Result<WorkerAnswer> answer) {
                      worker->load->fetch_sub(1);
                      entry->shadows.fetch_sub(1);
                      Sample sample;
                      sample.status = answer.ok() ? answer->status : 500;
                      sample.model = std::chrono::duration_cast<std::chrono::microseconds>(clock.Monotonic() - began);
                      meter->Record(scope, invocation->endpoint, variant.name, sample);
                    });
  }
}

void Router::Run::Meet(const RoutedVariant& variant, int status, int batch, MonotonicTime received) {
  Sample sample;
  sample.batch = batch;
  sample.status = status;
  sample.model = std::chrono::duration_cast<std::chrono::microseconds>(received - sent_);
  sample.overhead = std::chrono::duration_cast<std::chrono::microseconds>(sent_ - admitted_);
  sample.depth = entry_->in_flight.load();
  meter_->Record(scope_, invocation_->endpoint, variant.name, sample);
}

void Router::Run::Receive(const RoutedVariant& variant, const RoutedWorker& worker, Result<WorkerAnswer> result) {
  MonotonicTime received = clock_.Monotonic();
  Answer answer;
  answer.variant = variant.name;
  answer.log_stream_arn = worker.log_stream_arn;
  if (result.ok() && !result->refusal.empty()) {
    Meet(variant, result->status, result->batch, received);
    Reason reason = result->refusal == "ModelNotReady" ? kModelNotReady : kBadTarget;
    return Tell(Fail(reason, TextOf(result->body)));
  }
  if (result.ok()) {
    answer.status = result->status;
    answer.content_type = std::move(result->content_type);
    answer.custom_attributes = std::move(result->custom_attributes);
    answer.json_length = std::move(result->json_length);
    answer.body = std::move(result->body);
    answer.container = std::move(result->container);
  } else {
    suspect_(worker.task);
    ErrorKind kind = result.error().kind();
    const bool begun = invocation_->stream && invocation_->stream->begun.load();
    if (begun) return Tell(std::move(result).error());
    if (kind == ErrorKind::kUnavailable) return Go();  // it never got the request
    // A worker that died took all of its requests along, of which at most one is why. Each is asked once more: a
    // prediction that is computed twice harms nobody, and one that kills workers kills two.
    if (result.error().reason == kIoError && !repeated_) {
      repeated_ = true;
      return Go();
    }
    answer.status = kind == ErrorKind::kDeadlineExceeded ? 0 : 500;
    answer.content_type = "text/plain";
    answer.body = answer.status == 0 ? "Your invocation timed out while waiting for a response from container primary."
                                     : "The model's process ended while it answered.";
  }
  if (!invocation_->get) {
    Meet(variant, answer.status, result.ok() ? result->batch : 1, received);
    bool good = answer.status >= 200 && answer.status <= 299;
    if (variant.capture && good && answered_ && !invocation_->stream)
      answered_(scope_, variant.name, *variant.capture, *invocation_, answer);
  }
  Tell(std::move(answer));
}

}  // namespace aloft::serving
