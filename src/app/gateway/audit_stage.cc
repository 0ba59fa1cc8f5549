#include "app/gateway/audit_stage.h"

#include <algorithm>

#include "foundation/crypto/sigv4_view.h"
#include "platform/identity/errors.h"

namespace aloft::gateway {
namespace {

constexpr std::size_t kMaxKeyBytes = 128;
constexpr int kUnbound = -1;  // AuditTrace::refusal

// The access key that a request names, where it proves nothing: letters and digits, or not worth repeating.
std::string ClaimedKey(const http::RequestHead& head) {
  auto authorization =
      crypto::ParseAuthorization(crypto::RequestView(head.method, head.path(), head.query(), head.headers.fields()));
  if (!authorization.ok()) return {};
  const std::string& key = authorization->access_key_id;
  bool plain = key.size() <= kMaxKeyBytes && std::ranges::all_of(key, [](unsigned char c) { return std::isalnum(c); });
  return plain ? key : std::string();
}

std::string RefusedBy(const Error& error, int refusal) {
  switch (error.kind()) {
    case ErrorKind::kUnauthenticated: return "authentication";
    case ErrorKind::kThrottled: return "rate limit";
    case ErrorKind::kDenied: break;
    default: return {};
  }
  if (refusal == kUnbound) return "client certificate";
  if (refusal == 0) return error.reason == identity::kAccessDenied ? "service" : "authentication";
  using Source = identity::Decision::Source;
  std::string by = "policy";
  switch (static_cast<Source>(refusal % 100 - 1)) {
    case Source::kIdentity: by = "identity policy"; break;
    case Source::kBoundary: by = "permissions boundary"; break;
    case Source::kSession: by = "session policy"; break;
    case Source::kResource: by = "resource policy"; break;
    case Source::kServiceControl: by = "service control policy"; break;
    case Source::kResourceControl: by = "resource control policy"; break;
  }
  return by + (refusal >= 100 ? " (explicit deny)" : " (no statement allows it)");
}

}  // namespace

Status AuditStage::Match(const api::Row& row, AuditTrace& trace) const {
  if (audit_ == nullptr) return {};
  trace.kind = audit::Classify(row.service, row.operation);
  // Whether a data event is wanted turns out with its resource.
  trace.recorded = trace.kind.category == audit::Category::kManagement;
  return trace.recorded ? audit_->Admit() : Status();
}

void AuditStage::Prepared(const api::Front& front, const api::Call& call, const api::Prepared& prepared,
                          const std::vector<api::Permission>& permissions, AuditTrace& trace) const {
  if (audit_ == nullptr || trace.kind.category == audit::Category::kNone) return;
  const AccountId& account = call.session.account.empty() ? operator_account_ : call.session.account;
  if (trace.kind.category == audit::Category::kData)
    trace.recorded = std::ranges::any_of(
        permissions, [&](const api::Permission& each) { return audit_->Wants(account, trace.kind, each.resource); });
  if (!trace.recorded) return;
  for (const api::Permission& each : permissions) trace.resources.push_back(each.resource);
  trace.parameters = front.AuditParameters(call, prepared);
}

audit::Facts AuditStage::FactsOf(const api::Row& row, const AuditTrace& trace, const api::Call& call) const {
  audit::Facts facts;
  facts.at = call.received;
  // What a record says of the caller; policies, tags and claims are not copied for it.
  const identity::Session& caller = call.session;
  facts.session.kind = caller.kind;
  facts.session.account = caller.account;
  facts.session.arn = caller.arn;
  facts.session.principal_id = caller.principal_id;
  facts.session.user_name = caller.user_name;
  facts.session.role_arn = caller.role_arn;
  facts.session.access_key_id = caller.access_key_id;
  facts.session.issued = caller.issued;
  facts.session.expires = caller.expires;
  facts.session.mfa = caller.mfa;
  facts.account = call.session.account.empty() ? operator_account_ : call.session.account;
  facts.region = call.region;
  facts.service = row.service;
  facts.operation = row.operation;
  facts.kind = trace.kind;
  facts.address = call.head().peer_address;
  facts.user_agent = call.head().headers.Get("user-agent");
  facts.tls = call.head().tls;
  facts.request_id = call.request_id.value();
  facts.parameters = trace.parameters;
  facts.resources = trace.resources;
  return facts;
}

void AuditStage::Allowed(const api::Row& row, const AuditTrace& trace, api::Call& call) const {
  if (!trace.recorded || trace.kind.read_only) return;
  // A change that was tried on its socket's thread and goes on in the pool has committed nothing: its record stands.
  if (call.audit == nullptr) call.audit = audit_->Begin(FactsOf(row, trace, call));
  call.answer_elements = std::make_shared<std::string>();
}

void AuditStage::Refused(const identity::Decision& decision, const AuditTrace& trace) {
  trace.refusal.store(1 + static_cast<int>(decision.source) + (decision.explicit_deny ? 100 : 0));
}

Status AuditStage::RefusedUnbound(AuditTrace& trace) const {
  trace.refusal.store(kUnbound);
  if (audit_ == nullptr || trace.recorded || trace.kind.category == audit::Category::kNone) return {};
  trace.recorded = true;
  return audit_->Admit();
}

void AuditStage::Answered(const api::Front& front, const api::Row* row, const AuditTrace& trace, const api::Call& call,
                          const Error* error, int status, std::function<void(Status)> deliver) const {
  if (audit_ == nullptr || row == nullptr || !trace.recorded) return deliver({});
  audit::Outcome outcome;
  if (error != nullptr) {
    outcome.error_code = front.ErrorCode(*error, call.head());
    outcome.error_message = error->message;
    outcome.refused_by = RefusedBy(*error, trace.refusal.load());
  } else if (status >= 400) {
    outcome.error_code = "HTTP " + std::to_string(status);
  } else if (call.answer_elements != nullptr) {
    outcome.response = *call.answer_elements;
  }
  std::shared_ptr<audit::Entry> entry = call.audit;
  if (entry == nullptr) {
    audit::Facts facts = FactsOf(*row, trace, call);
    if (facts.session.kind == identity::PrincipalKind::kNobody && error != nullptr) {
      if (!audit_->AdmitNameless()) return deliver({});
      facts.claimed_key = ClaimedKey(call.head());
    }
    entry = audit_->Begin(std::move(facts));
  }
  audit_->Finish(entry, outcome, std::move(deliver));
}

}  // namespace aloft::gateway
