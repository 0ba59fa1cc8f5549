#include "platform/identity/service.h"

#include "foundation/base/bytes.h"
#include "platform/identity/session_keys.h"
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

Decision No(std::string why) {
  return Decision{.why = std::move(why)};
}

// AWS: temporary credentials of GetSessionToken and GetFederationToken call neither IAM nor most of STS.
bool IsBarredFromIdentity(const Session& session, std::string_view action) {
  if (session.kind != PrincipalKind::kUser || !session.temporary()) return false;
  const std::string lower = ToLower(action);
  return lower.starts_with("iam:") || (lower.starts_with("sts:") && lower != "sts:assumerole");
}

Verdict AskResource(const Session& session, const Query& query, const ResourceFacts& facts) {
  Verdict verdict;
  if (facts.policy != nullptr) verdict = facts.policy->Evaluate(query);
  if (verdict.effect != Verdict::Effect::kDeny && facts.granted) return {Verdict::Effect::kAllow, -1, true};
  if (facts.block_public && session.account != facts.owner && verdict.effect == Verdict::Effect::kAllow) return {};
  return verdict;
}

// What the caller's own side says; the resource's side is Ask's.
Decision AskCaller(Service::State& state, const Session& session, std::string_view action, std::string_view resource,
                   const Context& context, bool explain) {
  if (session.kind == PrincipalKind::kNobody) return No("the caller did not authenticate");
  if (EqualsIgnoreCase(action, "sts:GetCallerIdentity"))
    return Decision{.allowed = true, .why = explain ? "everyone may ask who they are" : ""};
  if (session.kind == PrincipalKind::kRoot)
    return Decision{.allowed = true, .why = explain ? "the root user may do everything in its account" : ""};
  if (session.kind == PrincipalKind::kToken && !IsTokenScope(session, action, resource))
    return No("an endpoint token may only invoke endpoint " + session.endpoint);
  if (IsBarredFromIdentity(session, action))
    return No("session credentials of a user may not call IAM, nor STS but for AssumeRole");

  // A token acts for whoever made it, as long as that principal exists and may.
  const bool as_role = !session.role_arn.empty();
  std::string name = session.user_name;
  if (as_role) {
    const auto role = ParseEntityArn(session.role_arn, EntityKind::kRole);
    if (!role) return No("the session names no role");
    name = role->name;
  }
  const auto principal = FindPrincipal(state, session.account, as_role ? EntityKind::kRole : EntityKind::kUser, name);
  if (!principal.ok()) {
    state.log.Error("policies cannot be read; access is refused",
                    {{"principal", session.arn}, {"error", Describe(principal.error())}});
    return No("the policies of the caller cannot be read");
  }
  // A session must not outlive its principal, nor pass to another one of the same name.
  const std::string_view id = std::string_view(session.principal_id).substr(0, session.principal_id.find(':'));
  const bool federated = session.arn.find(":federated-user/") != std::string::npos;
  if (*principal == nullptr || (!federated && (*principal)->entity.id != id))
    return No("the user or role of this session was deleted");
  const SessionKeys keys(session, &(*principal)->entity.tags, context, state.clock.Now());
  return Decide((*principal)->policies, session.session_policies, Query{action, resource, keys}, explain);
}

Decision Ask(Service::State& state, const Session& session, std::string_view action, std::string_view resource,
             const Context& request, const ResourceFacts* facts, bool explain) {
  if (facts == nullptr) return AskCaller(state, session, action, resource, request, explain);
  Context context = request;
  for (const auto& [key, values] : facts->context) context.try_emplace(key, values);
  const SessionKeys keys(session, nullptr, context, state.clock.Now());
  const bool nobody = session.kind == PrincipalKind::kNobody;
  Caller caller;
  if (!nobody) {
    caller.account = session.account.value();
    caller.arn = session.arn;
    caller.role_arn = session.role_arn;
  }
  caller.anonymous = nobody;
  const Verdict verdict = AskResource(session, Query{action, resource, keys, &caller}, *facts);
  if (verdict.effect == Verdict::Effect::kDeny)
    return {.explicit_deny = true, .source = Decision::Source::kResource, .why = "denied by the resource's policy"};
  const bool opens = verdict.effect == Verdict::Effect::kAllow;
  if (nobody) return {.allowed = opens && verdict.direct, .source = Decision::Source::kResource};
  const Decision own = AskCaller(state, session, action, resource, context, explain);
  if (own.explicit_deny) return own;
  const bool same_account = facts->owner.empty() || facts->owner == session.account;
  if (!opens && (facts->gate || !same_account)) return {.source = Decision::Source::kResource};
  const bool as_named = own.source == Decision::Source::kIdentity && session.kind != PrincipalKind::kToken;
  if (same_account && opens && verdict.direct && as_named) return {.allowed = true};
  return own;
}

}  // namespace

Service::Service(sql::Database& database, const keys::Keyring& keyring, const Clock& clock, Random& random, Log log)
    : state_(std::make_unique<State>(database, keyring, clock, random, std::move(log))) {}
Service::~Service() = default;

Result<Credential> Service::FindCredential(std::string_view access_key_id, std::string_view session_token) const {
  if (session_token.empty()) {
    // Temporary keys live in their token alone.
    if (access_key_id.size() > 128 || access_key_id.starts_with("ASIA")) return UnknownKey();
    const std::string name(access_key_id);
    ALOFT_ASSIGN(const auto found, state_->credentials.Get(name, [&] { return LoadLongLived(*state_, name); }));
    if (found == nullptr) return UnknownKey();
    return *found;
  }
  ALOFT_ASSIGN(const auto found,
               state_->tokens.Get(std::string(session_token), [&] { return OpenToken(*state_, session_token); }));
  if (found->session.access_key_id != access_key_id) return UnknownKey();
  if (state_->clock.Now() >= found->session.expires)
    return Fail(kExpiredToken, "The security token included in the request is expired");
  return *found;
}

Decision Service::Authorize(const Session& session, std::string_view action, std::string_view resource,
                            const Context& context, const ResourceFacts* facts) const {
  return Ask(*state_, session, action, resource, context, facts, false);
}

Decision Service::Explain(const Session& session, std::string_view action, std::string_view resource,
                          const Context& context, const ResourceFacts* facts) const {
  return Ask(*state_, session, action, resource, context, facts, true);
}

void Service::Invalidate() const {
  state_->Invalidate();
}

std::string DeniedMessage(const Session& session, std::string_view action, std::string_view resource,
                          const Decision& decision) {
  static constexpr std::string_view kKinds[] = {"identity-based policy", "permissions boundary", "session policy",
                                                "resource-based policy"};
  const std::string kind(kKinds[static_cast<int>(decision.source)]);
  std::string out = "User: " + (session.arn.empty() ? std::string("anonymous") : session.arn) +
                    " is not authorized to perform: " + std::string(action);
  if (!resource.empty() && resource != "*") out.append(" on resource: ").append(resource);
  if (decision.explicit_deny)
    return out.append(" with an explicit deny in ").append(kind.starts_with('i') ? "an " : "a ").append(kind);
  return out.append(" because no ").append(kind).append(" allows the ").append(action).append(" action");
}

}  // namespace aloft::identity
