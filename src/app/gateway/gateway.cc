#include "app/gateway/gateway.h"

#include <thread>
#include <utility>

#include "api/common/authorize.h"
#include "app/gateway/in_flight.h"
#include "foundation/os/must_not_block.h"
#include "platform/identity/denial.h"

namespace aloft::gateway {
namespace {

// A larger body takes too long to digest on a socket's thread.
constexpr std::size_t kMaxBodyHere = 64 * 1024;

// A disk that takes longer than this to sync has failed.
constexpr std::chrono::seconds kSettleTime{30};

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
      books_{clock_, random_, log_, audit_, meter_, in_flight_},
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
  auto flight = std::make_shared<InFlight>(books_, front, exchange);
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

}  // namespace aloft::gateway
