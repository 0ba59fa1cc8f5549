// Who may come in and what they may do. The only door of the room for other rooms; the IAM operations themselves are in
// users.h, groups.h, roles.h and managed_policies.h.
//
//   ALOFT_ASSIGN(Credential credential, identity.FindCredential(authorization.access_key_id,
//   authorization.session_token)); Decision decision = identity.Authorize(session, "s3:GetObject",
//   "arn:aws:s3:::data/train.csv", context); if (!decision.allowed) return Fail(kAccessDenied, DeniedMessage(session,
//   action, resource, decision));
//
// Thread-safe. Answers come from compiled snapshots in memory; the first question about a principal, and the first
// after a change of policies, reads the database on the calling thread.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/identity/errors.h"
#include "platform/identity/session.h"
#include "platform/identity/types.h"
#include "platform/keys/keyring.h"
#include "platform/policy/decide.h"

namespace aloft::identity {

class Service {
 public:
  // The database must hold the room's migrations (records.h). All references outlive the service.
  Service(sql::Database& database, const keys::Keyring& keyring, const Clock& clock, Random& random, Log log);
  ~Service();

  // Makes the account and an administrator on the first start of an installation; later starts find them.
  Result<Bootstrap> EnsureAccount(const BootstrapOptions& options);
  // The account that EnsureAccount made, which anonymous and tool calls stand in.
  Result<AccountId> MainAccount() const;

  // The secret of an access key, and its session. kUnknownAccessKey, kInvalidToken, kExpiredToken; kAccessDenied where
  // the session is bound to a key.
  Result<Credential> FindCredential(std::string_view access_key_id, std::string_view session_token) const;
  // The same for who then asks for the key that a session is bound to (Credential::bound_to, CheckBound).
  Result<Credential> FindBoundCredential(std::string_view access_key_id, std::string_view session_token) const;

  // Explicit deny wins, default deny. Global condition keys that follow from the session and the clock are added here;
  // `context` brings those of the request (aws:sourceip, aws:securetransport, aws:requestedregion) and of the service.
  // `facts` tells of the resource; null: it is the caller's account's, and has no policy of its own.
  Decision Authorize(const Session& session, std::string_view action, std::string_view resource, const Context& context,
                     const ResourceFacts* facts = nullptr) const;
  // The same, where making the context costs more than most policies ask for: called at most once, and only where a
  // condition asks for a key that neither the session nor the resource knows.
  Decision AuthorizeLazily(const Session& session, std::string_view action, std::string_view resource,
                           const std::function<Context()>& context, const ResourceFacts* facts = nullptr) const;
  // The same answer, with `why` filled where it is yes too.
  Decision Explain(const Session& session, std::string_view action, std::string_view resource, const Context& context,
                   const ResourceFacts* facts = nullptr) const;

  // The same with every statement that applies and every condition key that is missing. Too slow for requests.
  policy::Explanation Why(const Session& session, std::string_view action, std::string_view resource,
                          const Context& context, const ResourceFacts* facts = nullptr) const;
  // A session of a user, a role or an account's root as if it had signed in, to ask about. kNoSuchEntity.
  Result<Session> SessionOf(std::string_view principal_arn) const;

  // That the role exists in the caller's account and its trust lets the service assume it. The right to pass it
  // (iam:PassRole on the role, iam:passedtoservice in the context) is a permission of the operation.
  // kRoleNotFound, kRoleNotAssumable.
  Status CheckPassable(const Session& session, std::string_view role_arn, std::string_view service_principal) const;

  // Credentials of a role for a task that a service runs. 10 seconds to 12 hours.
  Result<TemporaryCredentials> IssueForRole(std::string_view role_arn, std::string_view session_name,
                                            std::chrono::seconds valid_for, std::string_view service_principal) const;
  // The server itself acting as a role.
  Result<Session> SessionForRole(std::string_view role_arn, std::string_view session_name) const;

  // A bearer token that may invoke one endpoint and nothing else, made by a caller who may invoke it.
  Result<std::string> IssueEndpointToken(const Session& session, const AccountId& account, const Region& region,
                                         std::string_view endpoint, std::chrono::seconds valid_for) const;
  // kInvalidToken, kExpiredToken.
  Result<Session> OpenEndpointToken(std::string_view token) const;

  // Revokes a token by the session that it opened to: at once here, within a second on other replicas. kInvalidInput
  // where it has no id (made by a version before revocation) or belongs to another account than the caller's.
  Status RevokeToken(const Session& caller, const Session& token) const;
  // Ends every session of the caller's account's role that was made until now; its next sessions are good.
  // kNoSuchEntity.
  Status RevokeRoleSessions(const Session& caller, std::string_view role_name) const;

  // Forgets the snapshots: another replica changed something. Own changes do this by themselves.
  void Invalidate() const;

  struct State;  // shared with the IAM and STS operations of this room
  State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// A part of this cloud asking for itself ("cloudtrail.amazonaws.com"): only a policy that names the service lets it in.
// The context should say for whom: aws:sourceaccount, aws:sourcearn.
Session ServiceSession(std::string_view service_principal);

// That whoever shows that key (empty: none) may use what is bound to `bound_to` (empty: to nothing). In constant time.
// kAccessDenied.
Status CheckBound(std::string_view bound_to, std::string_view shown);

// "User: ARN is not authorized to perform: ACTION on resource: RESOURCE because no identity-based policy allows the
// ACTION action", AWS's form.
std::string DeniedMessage(const Session& session, std::string_view action, std::string_view resource,
                          const Decision& decision);

}  // namespace aloft::identity
