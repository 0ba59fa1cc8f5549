// The gateway's audit stage: which calls are recorded, as what, and when their callers may hear the answer.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/common/operation.h"
#include "platform/audit/service.h"

namespace aloft::gateway {

// What the stage remembers of one call.
struct AuditTrace {
  audit::Class kind{audit::Category::kNone, true, {}};
  bool recorded = false;
  std::vector<std::string> resources;
  std::string parameters;
  // Of the last refusal by policy: 1 + source, + 100 where it was explicit; 0: none; -1: for want of a certificate.
  mutable std::atomic<int> refusal{0};

  // Before the call is looked at again.
  void Clear() {
    kind = {audit::Category::kNone, true, {}};
    recorded = false;
    resources.clear();
    parameters.clear();
    refusal.store(0);
  }
};

class AuditStage {
 public:
  // Without a service nothing is recorded (tests of other stages). `operator_account` owns what nobody else does.
  AuditStage(audit::Service* audit, AccountId operator_account)
      : audit_(audit), operator_account_(std::move(operator_account)) {}

  // As soon as the operation is known. kAuditFull where a record that must be made could not be kept.
  Status Match(const api::Row& row, AuditTrace& trace) const;
  // Once the request is decoded: decides whether it is recorded, and what of it.
  void Prepared(const api::Front& front, const api::Call& call, const api::Prepared& prepared,
                const std::vector<api::Permission>& permissions, AuditTrace& trace) const;
  // Everything was allowed: the record of a change begins here, so that it can travel with the commit.
  void Allowed(const api::Row& row, const AuditTrace& trace, api::Call& call) const;
  static void Refused(const identity::Decision& decision, const AuditTrace& trace);
  // A session was used without the key that it is bound to: recorded whatever is chosen, and by the name of the
  // session.
  Status RefusedUnbound(AuditTrace& trace) const;
  // The answer is known; `error` is null where there is none. Calls `deliver` once, maybe later and on another thread.
  void Answered(const api::Front& front, const api::Row* row, const AuditTrace& trace, const api::Call& call,
                const Error* error, int status, std::function<void(Status)> deliver) const;

 private:
  audit::Facts FactsOf(const api::Row& row, const AuditTrace& trace, const api::Call& call) const;

  audit::Service* audit_;
  AccountId operator_account_;
};

}  // namespace aloft::gateway
