#include "app/gateway/in_flight.h"

#include <cstdio>
#include <utility>

#include "api/common/trace.h"
#include "platform/identity/denial.h"
#include "platform/identity/errors.h"

namespace aloft::gateway {
namespace {

// How long a refused client should wait, seconds.
constexpr const char* kRetryAfter = "1";

// Why a call was refused, sealed: sts:DecodeAuthorizationMessage opens it. A header, because of AWS's services
// only EC2 has a place for it in its messages.
constexpr const char* kDenialHeader = "x-aloft-encoded-authorization-message";

std::string Seconds(std::chrono::duration<double> elapsed) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6f", elapsed.count());
  return buffer;
}

}  // namespace

InFlight::InFlight(const InFlightBooks& books, const api::Front* claimed, std::shared_ptr<http::Exchange> request)
    : front(claimed), books_(books), started_(books.clock.Monotonic()) {
  call->exchange = std::move(request);
  call->request_id = RequestId(books.random.Uuid());
  call->received = books.clock.Now();
}

InFlight::~InFlight() {
  if (!answered_.exchange(true)) {
    Result<http::Response> dropped = Fail(kInternal, "The request was dropped.", "no answer was given");
    http::Response response = Render(dropped);
    Send(dropped, std::move(response));
  }
  books_.count.fetch_sub(1, std::memory_order_release);
}

void InFlight::Answer(Result<http::Response> result) {
  http::Response response = Render(result);
  if (const os::MustNotBlock* here = os::MustNotBlock::Current();
      here != nullptr && here == trying.load(std::memory_order_relaxed) && here->refused()) {
    again = true;  // made without what it needed
    return;
  }
  if (!answered_.exchange(true)) Send(result, std::move(response));
}

void InFlight::Forget() {
  prepared.reset();
  decided.store(false);
  refused.store(false);
  denial.clear();
  trace.Clear();
}

http::Response InFlight::Render(Result<http::Response>& result) {
  // The last door: whatever a handler does, nothing that it says goes out before somebody decided that it may.
  if (result.ok() && row != nullptr && row->open.empty() && !decided.load())
    result = Fail(kInternal, "The request could not be authorized.", "answered without an authorization decision");
  if (result.ok()) return std::move(*result);
  http::Response response = front->RenderError(result.error(), call->head(), call->request_id);
  bool later = result.error().kind() == ErrorKind::kUnavailable || result.error().kind() == ErrorKind::kThrottled;
  if (later && !response.headers.Has("retry-after")) response.headers.Add("Retry-After", kRetryAfter);
  if (!denial.empty() && result.error().reason == identity::kAccessDenied) response.headers.Add(kDenialHeader, denial);
  return response;
}

void InFlight::Send(const Result<http::Response>& result, http::Response response) {
  Record(response.status, result.ok() ? std::string() : Describe(result.error()));
  // Who changed something hears of it when its record is durable.
  const int status = response.status;
  auto answer = [front = front, call = call, response = std::move(response)](Status recorded) mutable {
    if (!recorded.ok()) response = front->RenderError(recorded.error(), call->head(), call->request_id);
    call->exchange->Reply(std::move(response));
  };
  books_.audit.Answered(*front, row, trace, *call, result.ok() ? nullptr : &result.error(), status, std::move(answer));
}

void InFlight::Record(int status, const std::string& failure) {
  std::chrono::duration<double> elapsed = books_.clock.Monotonic() - started_;
  books_.meter.Record(*front, row, status, elapsed);
  auto level = status >= 500 ? Log::Level::kError : Log::Level::kDebug;
  if (!books_.log.Enabled(level)) return;
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
  status >= 500 ? books_.log.Error("request failed", fields) : books_.log.Debug("request", fields);
}

}  // namespace aloft::gateway
