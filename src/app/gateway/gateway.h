// The one door of the server: every request of every API passes these stages, in this order, and no handler runs before
// the last.
//
//   claim -> admit -> body -> match -> authenticate -> limit -> bound -> prepare -> authorize -> run -> record ->
//   answer
//
// Stages up to the body run on the connection's thread, the rest on a bounded pool. Calls of resident operations are
// tried on the connection's thread to their end, where nothing may wait (os::MustNotBlock); only what is refused there
// goes to the pool, from `run` on if everything before it was decided.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "api/common/operation.h"
#include "app/gateway/audit_stage.h"
#include "app/gateway/authenticate.h"
#include "app/gateway/in_flight.h"
#include "app/gateway/rate_limits.h"
#include "app/gateway/request_meter.h"
#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/metrics.h"
#include "foundation/base/random.h"
#include "foundation/http/server.h"
#include "foundation/os/thread_pool.h"
#include "platform/identity/service.h"

namespace aloft::gateway {

struct Operation {
  std::string_view service, name;  // "s3", "GetObject"
};

struct GatewayOptions {
  Region region;  // of callers whose credentials name none
  std::size_t max_requests_in_flight = 2048;
  // Whether this server may answer at all: a replica that has lost sight of what others change may not. Absent: always.
  std::function<Status()> fit{};
  RateLimitOptions limits{};
  // Told of each call that was authorized, before it runs. Must not block. Absent: nobody is told.
  std::function<void(const api::Call& call, const api::Row& row)> used{};
  audit::Service* audit = nullptr;  // absent: nothing is recorded
  AccountId operator_account{};     // whose log has the calls of nobody
  // Operations that mostly find in memory what they need, and change nothing before they have found it: tried on the
  // thread that read them, if their body is small and at hand. Their Prepared::Run may be called again where something
  // had to wait.
  std::vector<Operation> resident{};
  SignedPath signed_path{};
};

class Gateway final : public http::Handler {
 public:
  // Fronts are asked in order, the first claim wins; the last should claim everything. All collaborators must outlive
  // the gateway, and the pool be stopped and all requests settled before it goes.
  Gateway(GatewayOptions options, std::vector<const api::Front*> fronts, identity::Service& identity,
          os::ThreadPool& pool, const Clock& clock, Random& random, Log log, Metrics& metrics);

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override;

  // After the server and the pool have stopped: waits for what was committed without a thread to wait for it.
  void Settle();

 private:
  bool IsResident(InFlight& flight) const;
  void Serve(const std::shared_ptr<InFlight>& flight);
  bool TryHere(const std::shared_ptr<InFlight>& flight);
  Status Decide(const std::shared_ptr<InFlight>& flight);
  void Run(const std::shared_ptr<InFlight>& flight);
  Status Check(InFlight& flight, const api::Permission& permission) const;

  GatewayOptions options_;
  std::vector<const api::Front*> fronts_;
  std::unordered_set<const api::Row*> resident_;
  identity::Service& identity_;
  Authenticate authenticate_;
  RateLimits limits_;
  AuditStage audit_;
  os::ThreadPool& pool_;
  const Clock& clock_;
  Random& random_;
  Log log_;
  RequestMeter meter_;
  std::atomic<std::size_t> in_flight_{0};
  const InFlightBooks books_;
  Counter& refused_;
  Counter& throttled_;
  Counter& answered_here_;
  Counter& handed_over_;
};

}  // namespace aloft::gateway
