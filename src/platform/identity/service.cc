#include "platform/identity/service.h"

#include "foundation/base/bytes.h"
#include "foundation/os/must_not_block.h"
#include "platform/identity/session_keys.h"
#include "platform/identity/sessions.h"
#include "platform/identity/state.h"
#include "platform/identity/tokens.h"

namespace aloft::identity {
namespace {

Error UnknownKey() {
  return Fail(kUnknownAccessKey, "The security token included in the request is invalid");
}

Result<std::shared_ptr<const Credential>> LoadLongLived(Service::State& state, const std::string& access_key_id) {
  struct Loaded {
    AccessKeyRecord key;
    Entity user;
  };
  ALOFT_ASSIGN(auto loaded, state.database.Read([&](sql::Reader& reader) -> Result<std::optional<Loaded>> {
    ALOFT_ASSIGN(auto key, records::FindKey(reader, access_key_id));
    if (!key || !key->active) return std::optional<Loaded>();
    ALOFT_ASSIGN(auto user, records::Find(reader, key->account, EntityKind::kUser, key->user_name));
    if (!user) return std::optional<Loaded>();
    return std::optional(Loaded{std::move(*key), std::move(*user)});
  }));
  if (!loaded) return std::shared_ptr<const Credential>();
  ALOFT_ASSIGN(std::string secret,
               state.keyring.Open(loaded->key.sealed_secret, "identity/access-key/" + access_key_id));
  auto out = std::make_shared<Credential>();
  out->secret = std::move(secret);
  Session& session = out->session;
  session.kind = PrincipalKind::kUser;
  session.account = loaded->user.account;
  session.arn = loaded->user.Arn();
  session.principal_id = loaded->user.id;
  session.user_name = loaded->user.name;
  session.access_key_id = access_key_id;
  return std::shared_ptr<const Credential>(std::move(out));
}

Result<std::shared_ptr<const Credential>> OpenToken(Service::State& state, std::string_view token) {
  ALOFT_ASSIGN(Credential credential, OpenSessionToken(state.keyring, token));
  return std::make_shared<const Credential>(std::move(credential));
}

// An endpoint's name in its ARN is in lower case; clients write it as they created it.
bool IsTokenScope(const Session& session, std::string_view action, std::string_view resource) {
  const std::string scope =
      "arn:aws:sagemaker:" + session.region.value() + ":" + session.account.value() + ":endpoint/" + session.endpoint;
  return EqualsIgnoreCase(action, "sagemaker:InvokeEndpoint") && EqualsIgnoreCase(resource, scope);
}

bool IsFederated(const Session& session) {
  return session.arn.find(":federated-user/") != std::string::npos;
}

Decision No(std::string why) {
  return Decision{.why = std::move(why)};
}

// AWS: temporary credentials of GetSessionToken (without a second factor) and GetFederationToken call neither IAM nor
// most of STS. Those of a sign-in, which have an id, may what their user may.
bool IsBarredFromIdentity(const Session& session, std::string_view action) {
  if (session.kind != PrincipalKind::kUser || !session.temporary() || !session.id.empty()) return false;
  const std::string lower = ToLower(action);
  return (lower.starts_with("iam:") && session.mfa == Time{}) ||
         (lower.starts_with("sts:") && lower != "sts:assumerole");
}

// Why no policy is even asked; absent where the policies decide.
std::optional<Decision> Shortcut(const Session& session, std::string_view action, std::string_view resource,
                                 bool explain) {
  if (session.kind != PrincipalKind::kNobody && EqualsIgnoreCase(action, "sts:GetCallerIdentity"))
    return Decision{.allowed = true, .why = explain ? "everyone may ask who they are" : ""};
  if (session.kind == PrincipalKind::kToken && !IsTokenScope(session, action, resource))
    return No("an endpoint token may only invoke endpoint " + session.endpoint);
  if (IsBarredFromIdentity(session, action))
    return No("session credentials of a user may not call IAM, nor STS but for AssumeRole");
  return std::nullopt;
}

// The user or role behind a session. A session must not outlive its principal, nor pass to another one of the same
// name.
Result<std::shared_ptr<const Principal>> PrincipalOf(Service::State& state, const Session& session) {
  // A token acts for whoever made it, as long as that principal exists and may.
  const bool as_role = !session.role_arn.empty();
  std::string name = session.user_name;
  if (as_role) {
    const auto role = ParseEntityArn(session.role_arn, EntityKind::kRole);
    if (!role) return std::shared_ptr<const Principal>();
    name = role->name;
  }
  ALOFT_ASSIGN(auto principal,
               FindPrincipal(state, session.account, as_role ? EntityKind::kRole : EntityKind::kUser, name));
  const std::string_view id = std::string_view(session.principal_id).substr(0, session.principal_id.find(':'));
  if (principal != nullptr && !IsFederated(session) && principal->entity.id != id) principal = nullptr;
  return principal;
}

Decision Unreadable(Service::State& state, const Session& session, const Error& error) {
  // Whoever must not wait asks again where it may, and throws this answer away.
  if (!(error.reason == os::kWouldBlock))
    state.log.Error("policies cannot be read; access is refused",
                    {{"principal", session.arn}, {"error", Describe(error)}});
  return No("the policies that decide cannot be read");
}

// What has a say about a question, held while it is answered.
struct Gathered {
  std::shared_ptr<const Principal> principal;
  std::shared_ptr<const Guardrails> over_caller, over_resource;
  std::string user_arn;  // of a federated session
  Caller caller;
  Grounds grounds;

  const std::map<std::string, std::string>* tags() const { return principal ? &principal->entity.tags : nullptr; }
};

// Absent: it is all in `out`; else the refusal.
std::optional<Decision> Gather(Service::State& state, const Session& session, const ResourceFacts* facts,
                               Gathered& out) {
  Grounds& grounds = out.grounds;
  grounds.facts = facts;
  grounds.session_policies = session.session_policies;
  grounds.root = session.kind == PrincipalKind::kRoot;
  out.caller = CallerOf(session);
  const bool alone = session.kind == PrincipalKind::kNobody || session.kind == PrincipalKind::kService;
  if (alone && facts == nullptr) return No("the caller did not authenticate");
  if (!alone && !grounds.root) {
    auto found = PrincipalOf(state, session);
    if (!found.ok()) return Unreadable(state, session, found.error());
    out.principal = std::move(found).value();
    if (out.principal == nullptr) return No("the user or role of this session was deleted");
    if (session.temporary() && session.issued <= out.principal->entity.revoked_before)
      return No("the sessions of this user or role were revoked");
    grounds.principal = &out.principal->policies;
  }
  if (!alone) {
    auto found = FindGuardrails(state, session.account);
    if (!found.ok()) return Unreadable(state, session, found.error());
    out.over_caller = std::move(found).value();
    grounds.caller_guardrails = out.over_caller.get();
  }
  out.over_resource = out.over_caller;
  if (facts != nullptr && !facts->owner.empty() && (alone || facts->owner != session.account)) {
    auto found = FindGuardrails(state, facts->owner);
    if (!found.ok()) return Unreadable(state, session, found.error());
    out.over_resource = std::move(found).value();
  }
  grounds.resource_guardrails = out.over_resource.get();
  if (IsFederated(session) && out.principal != nullptr) {
    out.user_arn = out.principal->entity.Arn();
    out.caller.role_arn = out.user_arn;
  }
  return std::nullopt;
}

Decision Ask(Service::State& state, const Session& session, std::string_view action, std::string_view resource,
             const RequestKeys& request, const ResourceFacts* facts, bool explain) {
  if (auto decision = Shortcut(session, action, resource, explain)) return std::move(*decision);
  Gathered gathered;
  if (auto refused = Gather(state, session, facts, gathered)) return std::move(*refused);
  const SessionKeys keys(session, gathered.tags(), request, state.clock.Now(), facts, PlacementIn(state));
  Decision decision = policy::Decide(gathered.grounds, Query{action, resource, keys, &gathered.caller}, explain);
  if (keys.failure()) return Unreadable(state, session, *keys.failure());
  return decision;
}

}  // namespace

Caller CallerOf(const Session& session) {
  Caller out;
  switch (session.kind) {
    case PrincipalKind::kNobody: out.anonymous = true; return out;
    case PrincipalKind::kService: out.service = session.arn; return out;
    default: break;
  }
  out.account = session.account.value();
  out.arn = session.arn;
  out.role_arn = session.role_arn;
  out.id = std::string_view(session.principal_id).substr(0, session.principal_id.find(':'));
  return out;
}

Session ServiceSession(std::string_view service_principal) {
  Session session;
  session.kind = PrincipalKind::kService;
  session.arn = service_principal;
  return session;
}

Service::Service(sql::Database& database, const keys::Keyring& keyring, const Clock& clock, Random& random, Log log)
    : state_(std::make_unique<State>(database, keyring, clock, random, std::move(log))) {}
Service::~Service() = default;

Status CheckBound(std::string_view bound_to, std::string_view shown) {
  if (bound_to.empty() || ConstantTimeEqual(bound_to, shown)) return {};
  return Fail(kAccessDenied,
              "The security token is bound to a client certificate, which this connection does not show. Where a proxy "
              "ends TLS, tasks need bind_task_sessions = false.");
}

Result<Credential> Service::FindCredential(std::string_view access_key_id, std::string_view session_token) const {
  ALOFT_ASSIGN(Credential found, FindBoundCredential(access_key_id, session_token));
  ALOFT_TRY(CheckBound(found.bound_to, {}));
  return found;
}

Result<Credential> Service::FindBoundCredential(std::string_view access_key_id, std::string_view session_token) const {
  if (session_token.empty()) {
    // Temporary keys live in their token alone.
    if (access_key_id.size() > 128 || access_key_id.starts_with("ASIA")) return UnknownKey();
    const std::string name(access_key_id);
    ALOFT_ASSIGN(const auto found, state_->credentials.Get(name, [&] { return LoadLongLived(*state_, name); }));
    if (found == nullptr) return UnknownKey();
    ALOFT_TRY(CheckOpen(*state_, found->session));
    return *found;
  }
  ALOFT_ASSIGN(const auto found,
               state_->tokens.Get(std::string(session_token), [&] { return OpenToken(*state_, session_token); }));
  if (found->session.access_key_id != access_key_id) return UnknownKey();
  if (state_->clock.Now() >= found->session.expires)
    return Fail(kExpiredToken, "The security token included in the request is expired");
  ALOFT_TRY(CheckOpen(*state_, found->session));
  return *found;
}

Decision Service::Authorize(const Session& session, std::string_view action, std::string_view resource,
                            const Context& context, const ResourceFacts* facts) const {
  return Ask(*state_, session, action, resource, RequestKeys(context), facts, false);
}

Decision Service::AuthorizeLazily(const Session& session, std::string_view action, std::string_view resource,
                                  const std::function<Context()>& context, const ResourceFacts* facts) const {
  return Ask(*state_, session, action, resource, RequestKeys(context), facts, false);
}

Decision Service::Explain(const Session& session, std::string_view action, std::string_view resource,
                          const Context& context, const ResourceFacts* facts) const {
  return Ask(*state_, session, action, resource, RequestKeys(context), facts, true);
}

policy::Explanation Service::Why(const Session& session, std::string_view action, std::string_view resource,
                                 const Context& context, const ResourceFacts* facts) const {
  policy::Explanation out;
  Gathered gathered;
  auto refused = Shortcut(session, action, resource, true);
  if (!refused) refused = Gather(*state_, session, facts, gathered);
  if (refused) {
    out.decision = std::move(*refused);
    return out;
  }
  const SessionKeys keys(session, gathered.tags(), context, state_->clock.Now(), facts, PlacementIn(*state_));
  return policy::Explain(gathered.grounds, Query{action, resource, keys, &gathered.caller});
}

Result<Session> Service::SessionOf(std::string_view principal_arn) const {
  Session session;
  constexpr std::string_view kPrefix = "arn:aws:iam::", kRoot = ":root";
  if (principal_arn.size() == kPrefix.size() + 12 + kRoot.size() && principal_arn.starts_with(kPrefix) &&
      principal_arn.ends_with(kRoot)) {
    session.kind = PrincipalKind::kRoot;
    session.account = AccountId(std::string(principal_arn.substr(kPrefix.size(), 12)));
    session.arn = principal_arn;
    session.principal_id = session.account.value();
    return session;
  }
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kRole}) {
    const auto name = ParseEntityArn(principal_arn, kind);
    if (!name) continue;
    ALOFT_ASSIGN(const auto principal, FindPrincipal(*state_, name->account, kind, name->name));
    if (principal == nullptr || principal->entity.Arn() != principal_arn) break;
    if (kind == EntityKind::kRole) return RoleSession(principal->entity, "simulation");
    session.kind = PrincipalKind::kUser;
    session.account = name->account;
    session.arn = principal_arn;
    session.principal_id = principal->entity.id;
    session.user_name = principal->entity.name;
    return session;
  }
  return Fail(kNoSuchEntity, "The entity " + std::string(principal_arn) + " cannot be found.");
}

void Service::Invalidate() const {
  state_->Invalidate();
}

std::string DeniedMessage(const Session& session, std::string_view action, std::string_view resource,
                          const Decision& decision) {
  static constexpr std::string_view kKinds[] = {"identity-based policy",  "permissions boundary",
                                                "session policy",         "resource-based policy",
                                                "service control policy", "resource control policy"};
  const std::string kind(kKinds[static_cast<int>(decision.source)]);
  std::string out = "User: " + (session.arn.empty() ? std::string("anonymous") : session.arn) +
                    " is not authorized to perform: " + std::string(action);
  if (!resource.empty() && resource != "*") out.append(" on resource: ").append(resource);
  if (decision.explicit_deny)
    return out.append(" with an explicit deny in ").append(kind.starts_with('i') ? "an " : "a ").append(kind);
  return out.append(" because no ").append(kind).append(" allows the ").append(action).append(" action");
}

}  // namespace aloft::identity
