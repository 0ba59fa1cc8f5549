// An operation is a row: what it is called, who may authenticate how, what it needs, how it runs. Limits, audit and the
// published compatibility table come from the rows. The type of a call changes at each hop, so that no stage can be
// skipped:
//
//   http::Exchange -> (Front::Claim, body) -> Request -> (authenticate) -> Call -> (Row::prepare) -> Prepared
//                  -> (authorize every permission) -> Authorized -> Prepared::Run -> http::Response
//
// Only the gateway makes an Authorized, and nothing runs without one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/crypto/sigv4.h"
#include "foundation/http/message.h"
#include "foundation/http/server.h"
#include "platform/audit/commit_hook.h"
#include "platform/identity/session.h"

namespace aloft::api {

// An authenticated call. `body` holds the whole body of a buffered operation; a streaming one takes it from `exchange`.
struct Call {
  RequestId request_id;
  identity::Session session;
  Region region;
  Time received;
  std::shared_ptr<http::Exchange> exchange;
  std::string body;
  crypto::PayloadClaim payload;  // how the body of a streaming operation is signed
  // The record of a change; null: none. Who commits on another thread than Run's opens an audit::Scope with it first.
  std::shared_ptr<audit::Entry> audit{};
  // Where an operation leaves what its answer says, as JSON without secrets, for that record. Null: nobody asks.
  std::shared_ptr<std::string> answer_elements{};

  const http::RequestHead& head() const { return exchange->head(); }
};

struct Permission;

// What the service that holds a resource knows of it, for the decision about one permission: whose it is, its policy,
// its tags. Asked on a pool thread once for each permission that names the source; reads what is in memory or local.
class FactSource {
 public:
  virtual ~FactSource() = default;
  // An error is the answer of the call: kNoSuchBucket. A resource that is not there and whose absence is the handler's
  // to tell has no facts: ResourceFacts{}.
  virtual Result<identity::ResourceFacts> FactsOf(const Permission& permission,
                                                  const identity::Session& caller) const = 0;
};

// One thing that policy must allow. `context` adds condition keys to the global ones (aws:SourceIp, ...), in lower
// case.
struct Permission {
  std::string action;    // "s3:GetObject"
  std::string resource;  // an ARN, or "*"
  identity::Context context{};
  const FactSource* facts = nullptr;  // null: the row's; without one the resource is the caller's account's, and bare
  // Adds keys that most policies do not ask for, and that are then never made. `context` counts before them.
  std::function<void(identity::Context&)> more{};
};

// Proof that every permission of the operation was allowed; asks further questions on behalf of the same caller.
class Authorized {
 public:
  // True where policy allows this too. For decisions that depend on stored state: 403 or 404, each key of
  // DeleteObjects.
  bool Allows(const Permission& permission) const { return ask_(permission).ok(); }
  // The same with AWS's sentence: identity::kAccessDenied, or what the facts' source answered.
  Status Check(const Permission& permission) const { return ask_(permission); }

 private:
  friend class AuthorizedMaker;
  explicit Authorized(std::function<Status(const Permission&)> ask) : ask_(std::move(ask)) {}
  std::function<Status(const Permission&)> ask_;
};

// Answers the call; exactly once, from any thread.
using Responder = std::function<void(Result<http::Response>)>;

// A decoded request: every input error was found when it was made.
class Prepared {
 public:
  virtual ~Prepared() = default;
  virtual std::vector<Permission> permissions() const = 0;
  // The request for the audit log: JSON without secrets and bodies; empty: nothing to say.
  virtual std::string audit_parameters() const { return {}; }
  // Runs on a pool thread and may use it for local work, never to wait for a peer or a timer. `call` and *this live
  // until the answer; so `respond`, which owns them, must never become a member of *this.
  virtual void Run(const std::shared_ptr<const Call>& call, Authorized authorized, Responder respond) = 0;
};

enum class BodyMode { kBuffered, kStreamed };

// Who may vouch for the caller of an operation.
enum Authenticator : unsigned {
  kSigV4 = 1,      // header or presigned query
  kBearer = 2,     // aloft token
  kAnonymous = 4,  // nobody: the operation's own policy decides (GetCallerIdentity is not one of these)
};

struct Row {
  std::string_view service;    // IAM prefix: "s3", "sagemaker"
  std::string_view operation;  // "CreateTrainingJob"
  unsigned authenticators = kSigV4;
  BodyMode body = BodyMode::kBuffered;
  std::size_t max_body_bytes = 1u << 20;  // of a buffered body
  // Decodes and validates. Never touches stored state.
  std::function<Result<std::unique_ptr<Prepared>>(const Call&)> prepare;
  // The service that a signature must be made for: "monitoring"; a signature for another one does not count here.
  std::string_view signed_for{};
  // Why the operation may answer without a permission asked: "everyone may ask who they are". Empty: it may not, and an
  // answer before any decision becomes a 500.
  std::string_view open{};
  // Of permissions that name no source themselves.
  const FactSource* facts = nullptr;
};

// One API: recognises its requests, finds the row, renders errors in its own form.
class Front {
 public:
  virtual ~Front() = default;
  virtual std::string_view name() const = 0;

  struct Claim {
    BodyMode body = BodyMode::kBuffered;
    std::size_t max_body_bytes = 1u << 20;
  };
  // Whether this front serves the request, from its head alone. Fronts are asked in a fixed order; the first claim
  // wins.
  virtual std::optional<Claim> Claims(const http::RequestHead& head) const = 0;
  // The row; an operation that exists but is not built is kUnimplemented, by name. `body` is empty for streamed claims.
  virtual Result<const Row*> Match(const http::RequestHead& head, std::string_view body) const = 0;
  virtual http::Response RenderError(const Error& error, const http::RequestHead& head,
                                     const RequestId& request_id) const = 0;
  // What RenderError calls the error, and what of a request is recorded: for the audit log.
  virtual std::string ErrorCode(const Error& error, const http::RequestHead&) const {
    return std::string(error.reason.name);
  }
  virtual std::string AuditParameters(const Call&, const Prepared& prepared) const {
    return prepared.audit_parameters();
  }
  // All rows, for the compatibility table and the refusal matrix.
  virtual std::span<const Row> rows() const = 0;
};

}  // namespace aloft::api
