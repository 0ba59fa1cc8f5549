#include "services/async_inference/service.h"

#include <iterator>

#include "foundation/base/bytes.h"
#include "services/async_inference/records.h"

namespace aloft::async_inference {
namespace {

constexpr char kAllKey[] = "#all";
constexpr char kLeaseName[] = "async-inference.loop";
constexpr std::chrono::seconds kLease{15};
constexpr std::chrono::seconds kLookAtAll{5};
constexpr std::chrono::seconds kTryAgain{1};
constexpr int kMaxAttempts = 10;  // to find a worker, beyond waiting for one; then the failure is stored

std::string KeyOf(const Scope& scope, const std::string& endpoint) {
  std::string key = scope.account.value();
  return key.append("/").append(scope.region.value()).append("/").append(endpoint);
}

// "s3://bucket/prefix" and a name below it.
std::string Below(std::string place, const std::string& extension, const std::string& name) {
  while (place.ends_with('/')) place.pop_back();
  if (!extension.empty()) place.append("/").append(extension);
  while (place.ends_with('/')) place.pop_back();
  return place.append("/").append(name);
}

// What stands in the failure object, as SageMaker writes it.
std::string FailureText(const serving::Answer& answer) {
  std::string text = "Received ";
  text.append(answer.status >= 400 && answer.status < 500 ? "client" : "server").append(" error (");
  text.append(std::to_string(answer.status)).append(") from primary with message \"");
  return text.append(answer.body.substr(0, 4096)).append("\".");
}

}  // namespace

Service::Service(Dependencies dependencies, Options options, Log log)
    : with_(std::move(dependencies)),
      options_(std::move(options)),
      log_(log),
      leases_(with_.database, with_.clock),
      loop_(std::make_shared<work::Loop>(
          work::LoopOptions{.name = "async-inference", .threads = 2},
          [this](const std::string& key) { return Look(key); }, with_.clock, with_.random, log)) {
  shared_->loop = loop_;
}

Service::~Service() {
  Stop();
}

void Service::Start() {
  loop_->Wake(kAllKey);
  loop_->Start();
}

void Service::Stop() {
  loop_->Stop();
  std::lock_guard lock(lease_mutex_);
  if (!lease_) return;
  if (Status released = leases_.Release(*lease_); !released.ok()) {
    log_.Warn("the lease of asynchronous inference was not released", {{"error", Describe(released.error())}});
  }
  lease_.reset();
}

Result<Service::Accepted> Service::Invoke(Request request, const std::string& extension, const std::string& file) {
  if (request.input.empty() == request.body.empty()) {
    return Fail(kBadRequest, "Exactly one of InputLocation and Body must be given.");
  }
  if (!request.input.empty() && !request.input.starts_with("s3://")) {
    return Fail(kBadRequest, "InputLocation must be an address of S3: s3://bucket/key.");
  }
  ALOFT_ASSIGN(serving::Service::AsyncPlan plan, with_.serving.AsyncPlanOf(request.scope, request.endpoint));
  request.id = with_.random.Uuid();
  request.created = with_.clock.Now();
  if (request.inference_id.empty()) request.inference_id = with_.random.Uuid();
  request.output = Below(plan.output, extension, file.empty() ? request.id + ".out" : file);
  if (!plan.failure.empty()) request.failure = Below(plan.failure, extension, request.id + "-error.out");
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) -> Status {
    ALOFT_ASSIGN(std::int64_t waiting, CountRequests(transaction, request.scope, request.endpoint));
    if (waiting >= options_.max_waiting_per_endpoint) {
      return Fail(kQueueFull, "As many asynchronous requests of endpoint " + request.endpoint +
                                  " wait as may wait; try again with exponential backoff.");
    }
    return InsertRequest(transaction, request);
  }));
  loop_->Wake(KeyOf(request.scope, request.endpoint));
  return Accepted{request.inference_id, request.output, request.failure};
}

Result<work::Again> Service::Look(const std::string& key) {
  if (key == kAllKey) return LookAtAll();
  {
    std::lock_guard lock(lease_mutex_);
    if (!lease_) return work::Again{};  // whoever holds it looks every few seconds
  }
  return LookAtEndpoint(key);
}

Result<work::Again> Service::LookAtAll() {
  std::optional<work::Lease> held;
  {
    std::lock_guard lock(lease_mutex_);
    held = lease_;
  }
  std::optional<work::Lease> next;
  if (held) {
    Result<work::Lease> renewed = leases_.Renew(*held, kLease);
    if (!renewed.ok() && renewed.error().reason != work::kLeaseLost) return std::move(renewed).error();
    if (renewed.ok()) next = *std::move(renewed);
  } else {
    ALOFT_ASSIGN(next, leases_.Acquire(kLeaseName, options_.holder, kLease));
  }
  {
    std::lock_guard lock(lease_mutex_);
    lease_ = next;
  }
  if (!next) return work::Again{kLookAtAll};
  ALOFT_ASSIGN(std::vector<Backlog> backlogs,
               with_.database.Read([](sql::Reader& reader) { return ListBacklogs(reader); }));
  Measure(backlogs);
  for (const Backlog& backlog : backlogs) loop_->Wake(KeyOf(backlog.scope, backlog.endpoint));
  return work::Again{kLookAtAll};
}

// https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
void Service::Measure(const std::vector<Backlog>& backlogs) {
  for (const Backlog& backlog : backlogs) {
    Result<serving::Service::AsyncPlan> plan = with_.serving.AsyncPlanOf(backlog.scope, backlog.endpoint);
    if (!plan.ok()) continue;
    std::vector<telemetry::MetricPoint> points;
    auto point = [&](const char* name, const char* unit, double value) {
      telemetry::MetricPoint& made = points.emplace_back();
      made.metric = {"AWS/SageMaker", name, {{"EndpointName", backlog.endpoint}}};
      made.unit = unit;
      made.values = {value};
    };
    double waiting = static_cast<double>(backlog.requests);
    point("ApproximateBacklogSize", "Count", waiting);
    if (plan->instances > 0) point("ApproximateBacklogSizePerInstance", "Count", waiting / plan->instances);
    point("HasBacklogWithoutCapacity", "Count", plan->instances == 0 ? 1 : 0);
    std::chrono::duration<double> age = with_.clock.Now() - backlog.oldest;
    point("ApproximateAgeOfOldestRequest", "Seconds", age.count());
    if (Status put = with_.metrics.Put({backlog.scope.account, backlog.scope.region}, points); !put.ok()) {
      log_.Warn("metrics of asynchronous endpoints could not be stored", {{"error", Describe(put.error())}});
    }
  }
}

Result<work::Again> Service::LookAtEndpoint(const std::string& key) {
  std::vector<std::string_view> parts = Split(key, '/');
  const Scope scope{AccountId(parts[0]), Region(parts[1])};
  const std::string endpoint(parts[2]);
  Result<serving::Service::AsyncPlan> plan = with_.serving.AsyncPlanOf(scope, endpoint);
  std::vector<Finished> finished;
  std::set<std::string> running;
  {
    std::lock_guard lock(shared_->mutex);
    Queue& queue = shared_->queues[key];
    finished.swap(queue.finished);
    running = queue.running;
  }
  if (!plan.ok()) {
    if (plan.error().reason != serving::kNoSuchEndpoint) return work::Again{kLookAtAll};
    // Nobody is left who could answer, or say so.
    ALOFT_ASSIGN(std::vector<Request> orphans, with_.database.Read([&](sql::Reader& reader) {
      return ListRequests(reader, scope, endpoint, options_.max_waiting_per_endpoint);
    }));
    return with_.database
                   .Write([&](sql::Transaction& transaction) -> Status {
                     for (const Request& request : orphans) ALOFT_TRY(RemoveRequest(transaction, request));
                     return {};
                   })
                   .ok()
               ? Result<work::Again>(work::Again{})
               : Result<work::Again>(work::Again{kTryAgain});
  }
  std::optional<std::chrono::microseconds> again;
  for (std::size_t i = 0; i < finished.size(); ++i) {
    const Finished& one = finished[i];
    Result<bool> concluded = Conclude(*plan, one);
    if (!concluded.ok()) {
      // This answer and those behind it are there still: the next look has them.
      std::lock_guard lock(shared_->mutex);
      std::vector<Finished>& kept = shared_->queues[key].finished;
      kept.insert(kept.begin(), std::make_move_iterator(finished.begin() + static_cast<std::ptrdiff_t>(i)),
                  std::make_move_iterator(finished.end()));
      return std::move(concluded).error();
    }
    running.erase(one.request.id);
    std::lock_guard lock(shared_->mutex);
    shared_->queues[key].running.erase(one.request.id);
    if (!*concluded) again = kTryAgain;
  }
  if (again) return work::Again{again};
  const int room = std::min(options_.max_running_per_endpoint, plan->per_instance * std::max(plan->instances, 1));
  ALOFT_ASSIGN(std::vector<Request> requests,
               with_.database.Read([&](sql::Reader& reader) { return ListRequests(reader, scope, endpoint, room); }));
  for (const Request& request : requests) {
    if (static_cast<int>(running.size()) >= room) break;
    if (!running.insert(request.id).second) continue;
    Send(key, *plan, request);
  }
  return work::Again{};
}

void Service::Send(const std::string& key, const serving::Service::AsyncPlan& plan, const Request& request) {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->queues[key].running.insert(request.id);
  }
  auto done = [shared = shared_, key, request](Result<serving::Answer> answer) {
    {
      std::lock_guard lock(shared->mutex);
      shared->queues[key].finished.push_back({request, std::move(answer)});
    }
    if (auto loop = shared->loop.lock()) loop->Wake(key);
  };
  auto refuse = [&](int status, std::string why) {
    serving::Answer answer;
    answer.status = status;
    answer.body = std::move(why);
    done(std::move(answer));
  };
  if (with_.clock.Now() - request.created > request.ttl) {
    return refuse(408, "The request waited for longer than its RequestTTLSeconds.");
  }
  serving::Invocation invocation;
  invocation.endpoint = request.endpoint;
  invocation.body = request.body;
  if (!request.input.empty()) {
    Result<std::string> input =
        with_.fetch_as(request.scope.account, plan.role, request.input, options_.max_input_bytes);
    if (!input.ok() && input.error().kind() == ErrorKind::kUnavailable) return done(std::move(input).error());
    if (!input.ok()) return refuse(400, "The input could not be read: " + input.error().message);
    invocation.body = *std::move(input);
  }
  invocation.content_type = request.content_type;
  invocation.accept = request.accept;
  invocation.custom_attributes = request.custom_attributes;
  invocation.inference_id = request.inference_id;
  invocation.timeout = request.timeout;
  with_.serving.Invoke(request.scope, std::move(invocation), std::move(done));
}

Result<bool> Service::Conclude(const serving::Service::AsyncPlan& plan, const Finished& finished) {
  Request request = finished.request;
  if (!finished.answer.ok() && request.attempts < kMaxAttempts) {
    // Nobody has answered: no worker came up, or there is too much to do.
    request.attempts += 1;
    ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) { return UpdateRequest(transaction, request); }));
    return false;
  }
  bool good = finished.answer.ok() && finished.answer->status >= 200 && finished.answer->status <= 299;
  Status stored;
  if (good) {
    stored = with_.store_as(request.scope.account, plan.role, request.output, finished.answer->content_type,
                            finished.answer->body);
  } else if (!request.failure.empty()) {
    std::string text = finished.answer.ok() ? FailureText(*finished.answer) : finished.answer.error().message;
    stored = with_.store_as(request.scope.account, plan.role, request.failure, "text/plain", text);
  }
  if (!stored.ok()) {
    log_.Warn("the answer of an asynchronous request could not be stored",
              {{"endpoint", request.endpoint}, {"request", request.id}, {"error", Describe(stored.error())}});
    // What the caller has to mend does not mend itself; the answer is lost, and the log says so.
    ErrorKind kind = stored.error().kind();
    if (kind == ErrorKind::kUnavailable || kind == ErrorKind::kThrottled || kind == ErrorKind::kInternal) return false;
  }
  ALOFT_TRY(with_.database.Write([&](sql::Transaction& transaction) { return RemoveRequest(transaction, request); }));
  return true;
}

}  // namespace aloft::async_inference
