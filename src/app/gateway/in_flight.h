// One request on its way through the gateway: what is known of it, and the single place that answers it.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "api/common/operation.h"
#include "app/gateway/audit_stage.h"
#include "app/gateway/request_meter.h"
#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/os/must_not_block.h"

namespace aloft::gateway {

// Where it is written down that a request came and how it was answered. All outlive the requests.
struct InFlightBooks {
  const Clock& clock;
  Random& random;
  const Log& log;
  const AuditStage& audit;
  RequestMeter& meter;
  std::atomic<std::size_t>& count;  // of those in flight; whoever makes one has counted it
};

// The stages run one after the other, so its members need no lock; Answer may come from any thread.
class InFlight : public std::enable_shared_from_this<InFlight> {
 public:
  InFlight(const InFlightBooks& books, const api::Front* claimed, std::shared_ptr<http::Exchange> request);
  // Nobody answered: it does so itself, with 500.
  ~InFlight();

  // The first answer counts.
  void Answer(Result<http::Response> result);
  // Back to before anything was asked about the call.
  void Forget();

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
  http::Response Render(Result<http::Response>& result);
  void Send(const Result<http::Response>& result, http::Response response);
  void Record(int status, const std::string& failure);

  const InFlightBooks& books_;
  MonotonicTime started_;
  std::atomic<bool> answered_{false};
};

}  // namespace aloft::gateway
