#include "app/gateway.h"

#include <cstdio>
#include <thread>
#include <utility>

#include "api/common/authorize.h"
#include "api/common/trace.h"
#include "foundation/os/must_not_block.h"
#include "platform/identity/denial.h"

namespace aloft::app {
namespace {

// How long a refused client should wait, seconds.
constexpr const char* kRetryAfter = "1";

// A larger body takes too long to digest on a socket's thread.
constexpr std::size_t kMaxBodyHere = 64 * 1024;

// A disk that takes longer than this to sync has failed.
constexpr std::chrono::seconds kSettleTime{30};

// Why a call was refused, sealed: sts:DecodeAuthorizationMessage opens it. A header, because of AWS's services
// only EC2 has a place for it in its messages.
constexpr const char* kDenialHeader = "x-aloft-encoded-authorization-message";

std::string Seconds(std::chrono::duration<double> elapsed) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6f", elapsed.count());
  return buffer;
}

// The condition keys that every request has, whatever its operation.
identity::Context GlobalContext(const api::Call& call) {
  const auto& head = call.head();
  identity::Context out = {{"aws:sourceip", {head.peer_address}},
                           {"aws:securetransport", {head.tls ? "true" : "false"}},
                           {"aws:requestedregion", {call.region.value()}}};
  const auto add = [&](const char* key, std::string_view header) {
    if (const std::string_view value = head.headers.Get(header); !value.empty()) out[key] = {std::string(value)};
  };
  add("aws:useragent", "user-agent");
  add("aws:referer", "referer");
  return out;
}

// The key of the client's certificate; none where it has ended under an open connection.
std::string_view KeyShown(const http::Exchange& exchange, Time now) {
  const http::PeerCertificate* peer = exchange.peer();
  return peer != nullptr && now < peer->not_after ? std::string_view(peer->key_sha256_hex) : std::string_view();
}

}  // namespace

// One request on its way: what is known of it, and the single place that answers it.
class Gateway::InFlight : public std::enable_shared_from_this<InFlight> {
 public:
  InFlight(Gateway& gateway, const api::Front* claimed, std::shared_ptr<http::Exchange> request)
      : front(claimed), gateway_(gateway), started_(gateway.clock_.Monotonic()) {
    call->exchange = std::move(request);
    call->request_id = RequestId(gateway.random_.Uuid());
    call->received = gateway.clock_.Now();
  }
  ~InFlight() {
    if (!answered_.exchange(true)) {
      Result<http::Response> dropped = Fail(kInternal, "The request was dropped.", "no answer was given");
      http::Response response = Render(dropped);
      Send(dropped, std::move(response));
    }
    gateway_.in_flight_.fetch_sub(1, std::memory_order_release);
  }

  void Answer(Result<http::Response> result) {
    http::Response response = Render(result);
    if (const os::MustNotBlock* here = os::MustNotBlock::Current();
        here != nullptr && here == trying.load(std::memory_order_relaxed) && here->refused()) {
      again = true;  // made without what it needed
      return;
    }
    if (!answered_.exchange(true)) Send(result, std::move(response));
  }

  // Back to before anything was asked about the call.
  void Forget() {
    prepared.reset();
    decided.store(false);
    refused.store(false);
    denial.clear();
    trace.Clear();
  }

  const api::Front* front;
  const api::Row* row = nullptr;
  bool buffered = false;  // the body is at hand
  bool limited = false;   // it has paid its caller's rate
  bool allowed = false;   // all stages before Run are done
  // While it is tried on its socket's thread; `again` is that thread's.
  std::atomic<const os::MustNotBlock*> trying{nullptr};
  bool again = false;
  std::shared_ptr<api::Call> call = std::make_shared<api::Call>();
  std::unique_ptr<api::Prepared> prepared;
  std::atomic<bool> decided{false};  // some permission was asked
  std::atomic<bool> refused{false};  // some permission was refused, and `denial` says why
  std::string denial;
  AuditTrace trace;

 private:
  // Takes the response out of `result`.
  http::Response Render(Result<http::Response>& result) {
    // The last door: whatever a handler does, nothing that it says goes out before somebody decided that it may.
    if (result.ok() && row != nullptr && row->open.empty() && !decided.load())
      result = Fail(kInternal, "The request could not be authorized.", "answered without an authorization decision");
    if (result.ok()) return std::move(*result);
    http::Response response = front->RenderError(result.error(), call->head(), call->request_id);
    bool later = result.error().kind() == ErrorKind::kUnavailable || result.error().kind() == ErrorKind::kThrottled;
    if (later && !response.headers.Has("retry-after")) response.headers.Add("Retry-After", kRetryAfter);
    if (!denial.empty() && result.error().reason == identity::kAccessDenied)
      response.headers.Add(kDenialHeader, denial);
    return response;
  }

  void Send(const Result<http::Response>& result, http::Response response) {
    Record(response.status, result.ok() ? std::string() : Describe(result.error()));
    // Who changed something hears of it when its record is durable.
    const int status = response.status;
    auto answer = [front = front, call = call, response = std::move(response)](Status recorded) mutable {
      if (!recorded.ok()) response = front->RenderError(recorded.error(), call->head(), call->request_id);
      call->exchange->Reply(std::move(response));
    };
    gateway_.audit_.Answered(*front, row, trace, *call, result.ok() ? nullptr : &result.error(), status,
                             std::move(answer));
  }

  void Record(int status, const std::string& failure) {
    std::chrono::duration<double> elapsed = gateway_.clock_.Monotonic() - started_;
    gateway_.meter_.Record(*front, row, status, elapsed);
    auto level = status >= 500 ? Log::Level::kError : Log::Level::kDebug;
    if (!gateway_.log_.Enabled(level)) return;
    std::string service(row != nullptr ? row->service : front->name());
    std::string operation(row != nullptr ? row->operation : "-");
    Log::Fields fields = {{"id", call->request_id.value()},
                          {"trace", api::TraceId(call->head(), call->request_id)},
                          {"service", service},
                          {"operation", operation},
                          {"principal", call->session.arn},
                          {"peer", call->head().peer_address},
                          {"status", std::to_string(status)},
                          {"seconds", Seconds(elapsed)},
                          {"error", failure}};
    status >= 500 ? gateway_.log_.Error("request failed", fields) : gateway_.log_.Debug("request", fields);
  }

  Gateway& gateway_;
  MonotonicTime started_;
  std::atomic<bool> answered_{false};
};

Gateway::Gateway(GatewayOptions options, std::vector<const api::Front*> fronts, identity::Service& identity,
                 os::ThreadPool& pool, const Clock& clock, Random& random, Log log, Metrics& metrics)
    : options_(std::move(options)),
      fronts_(std::move(fronts)),
      identity_(identity),
      authenticate_(identity, clock, options_.signed_path),
      limits_(options_.limits, clock),
      audit_(options_.audit, options_.operator_account),
      pool_(pool),
      clock_(clock),
      random_(random),
      log_(std::move(log)),
      meter_(fronts_, metrics),
      refused_(metrics.AddCounter("aloft_requests_refused_total", "Requests refused because the server was full")),
      throttled_(metrics.AddCounter("aloft_requests_throttled_total", "Requests refused by their caller's rate limit")),
      answered_here_(
          metrics.AddCounter("aloft_requests_resident_total", "Requests that their socket's thread brought to an end")),
      handed_over_(metrics.AddCounter("aloft_requests_handed_over_total",
                                      "Requests that were tried on their socket's thread and needed the pool")) {
  for (const api::Front* front : fronts_)
    for (const api::Row& row : front->rows())
      for (const Operation& each : options_.resident)
        if (row.service == each.service && row.operation == each.name) resident_.insert(&row);
}

void Gateway::OnRequest(std::shared_ptr<http::Exchange> exchange) {
  // Claim: which API is this?
  const api::Front* front = nullptr;
  std::optional<api::Front::Claim> claim;
  for (const api::Front* candidate : fronts_) {
    if ((claim = candidate->Claims(exchange->head()))) {
      front = candidate;
      break;
    }
  }
  if (front == nullptr) {
    exchange->Reply({.status = 404, .headers = {}, .body = std::string("no API of this server takes this request\n")});
    return;
  }

  // Admit: refuse early rather than queue without end.
  bool full = in_flight_.fetch_add(1, std::memory_order_relaxed) >= options_.max_requests_in_flight;
  auto flight = std::make_shared<InFlight>(*this, front, exchange);
  if (full) {
    refused_.Increment();
    flight->Answer(Fail(kUnavailable, "The server is busy. Please reduce your request rate."));
    return;
  }

  // Body: buffered operations get all of it before anything is decided; streamed ones take it later.
  if (claim->body == api::BodyMode::kStreamed) {
    Serve(flight);
    return;
  }
  exchange->ReadBody(claim->max_body_bytes, [this, flight](Result<std::string> body) {
    if (!body.ok()) {
      flight->Answer(std::move(body).error());
    } else {
      flight->call->body = std::move(*body);
      flight->buffered = true;
      Serve(flight);
    }
  });
}

void Gateway::Settle() {
  const MonotonicTime end = clock_.Monotonic() + kSettleTime;
  while (in_flight_.load(std::memory_order_acquire) > 0 && clock_.Monotonic() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (const std::size_t left = in_flight_.load(); left > 0)
    log_.Warn("requests were not answered before the end", {{"requests", std::to_string(left)}});
}

// Finds the row on the way, from bytes alone. What does not match is the pool's to refuse.
bool Gateway::IsResident(InFlight& flight) const {
  const api::Call& call = *flight.call;
  if (resident_.empty() || !flight.buffered || call.body.size() > kMaxBodyHere) return false;
  auto row = flight.front->Match(call.head(), call.body);
  if (!row.ok()) return false;
  flight.row = *row;
  return resident_.contains(*row);
}

void Gateway::Serve(const std::shared_ptr<InFlight>& flight) {
  if (IsResident(*flight)) {
    if (TryHere(flight)) return answered_here_.Increment();
    handed_over_.Increment();
  }
  bool queued = pool_.TrySubmit([this, flight] {
    if (!flight->allowed) {
      if (auto status = Decide(flight); !status.ok()) return flight->Answer(std::move(status).error());
    }
    Run(flight);
  });
  if (!queued) {
    refused_.Increment();
    flight->Answer(Fail(kUnavailable, "The server is busy. Please reduce your request rate."));
  }
}

// False where something would have had to wait, and the pool must go on.
bool Gateway::TryHere(const std::shared_ptr<InFlight>& flight) {
  const os::MustNotBlock here;
  flight->trying.store(&here, std::memory_order_relaxed);
  Status decided = Decide(flight);
  flight->allowed = decided.ok() && !here.refused();
  if (flight->allowed) {
    Run(flight);
  } else if (!here.refused()) {
    flight->Answer(std::move(decided).error());
  } else {
    flight->again = true;
  }
  flight->trying.store(nullptr, std::memory_order_relaxed);
  if (!std::exchange(flight->again, false)) return true;
  if (!flight->allowed) flight->Forget();
  return false;
}

// Everything that can refuse a call before its operation begins.
Status Gateway::Decide(const std::shared_ptr<InFlight>& flight) {
  api::Call& call = *flight->call;

  if (options_.fit) ALOFT_TRY(options_.fit());

  // Match: the row, or a typed refusal that names what is not built.
  if (flight->row == nullptr) {
    ALOFT_ASSIGN(flight->row, flight->front->Match(call.head(), call.body));
  }

  ALOFT_TRY(audit_.Match(*flight->row, flight->trace));

  // Authenticate: the signature covers the body, so a buffered body is checked with it.
  std::optional<std::string_view> signed_body;
  if (flight->buffered) signed_body = call.body;
  ALOFT_ASSIGN(Proof proof, authenticate_(call.head(), signed_body, *flight->row));
  call.session = std::move(proof.session);
  call.region = proof.region.empty() ? options_.region : std::move(proof.region);
  call.payload = std::move(proof.payload);

  // Limit: one caller's rate must not starve the others.
  if (!std::exchange(flight->limited, true)) {
    if (auto status = limits_.Admit(call.session, call.head().peer_address, *flight->row); !status.ok()) {
      throttled_.Increment();
      return status;
    }
  }

  // Bound: such a session holds only beside its key. Once its caller is known, so that the record says whose it is.
  if (auto held = identity::CheckBound(proof.bound_to, KeyShown(*call.exchange, clock_.Now())); !held.ok()) {
    ALOFT_TRY(audit_.RefusedUnbound(flight->trace));
    return held;
  }

  // Prepare: decode; every input error surfaces here.
  ALOFT_ASSIGN(flight->prepared, flight->row->prepare(call));

  // Authorize: each permission that the operation lists.
  const std::vector<api::Permission> permissions = flight->prepared->permissions();
  audit_.Prepared(*flight->front, call, *flight->prepared, permissions, flight->trace);
  for (const api::Permission& permission : permissions) ALOFT_TRY(Check(*flight, permission));
  return {};
}

// May answer now or later, from any thread. What it commits takes the record of the call along.
void Gateway::Run(const std::shared_ptr<InFlight>& flight) {
  api::Call& call = *flight->call;
  if (options_.used) options_.used(call, *flight->row);
  audit_.Allowed(*flight->row, flight->trace, call);
  audit::Scope scope(call.audit);
  auto ask = [this, flight](const api::Permission& permission) { return Check(*flight, permission); };
  flight->prepared->Run(flight->call, api::AuthorizedMaker::Make(std::move(ask)),
                        [flight](Result<http::Response> result) { flight->Answer(std::move(result)); });
}

Status Gateway::Check(InFlight& flight, const api::Permission& permission) const {
  flight.decided.store(true);
  const identity::Session& caller = flight.call->session;
  const std::function<identity::Context()> context = [&] {
    identity::Context out = GlobalContext(*flight.call);
    if (permission.more) permission.more(out);
    for (const auto& [key, values] : permission.context) out[key] = values;
    return out;
  };
  identity::ResourceFacts facts;
  const api::FactSource* source = permission.facts != nullptr ? permission.facts : flight.row->facts;
  if (source != nullptr) {
    ALOFT_ASSIGN(facts, source->FactsOf(permission, caller));
  }
  const identity::Decision decision =
      identity_.AuthorizeLazily(caller, permission.action, permission.resource, context, &facts);
  if (decision.allowed) return {};
  AuditStage::Refused(decision, flight.trace);
  // The first of many is enough: nobody without an account could have it opened.
  if (caller.kind != identity::PrincipalKind::kNobody && !flight.refused.exchange(true))
    flight.denial =
        identity::EncodeDenial(identity_, caller, permission.action, permission.resource, context(), decision);
  return Fail(identity::kAccessDenied,
              identity::DeniedMessage(caller, permission.action, permission.resource, decision), decision.why);
}

}  // namespace aloft::app
