#include <algorithm>

#include "foundation/base/bytes.h"
#include "platform/identity/sessions.h"
#include "platform/identity/state.h"
#include "platform/identity/tokens.h"

namespace aloft::identity {
namespace {

constexpr std::chrono::seconds kShortest{10};
constexpr std::chrono::seconds kLongest = std::chrono::hours(12);
constexpr std::chrono::seconds kLongestEndpointToken = std::chrono::hours(24 * 30);

Error NoRole(std::string_view role_arn) {
  return Fail(kRoleNotFound, "The role " + std::string(role_arn) + " does not exist");
}

Result<std::shared_ptr<const Principal>> FindRole(Service::State& state, std::string_view role_arn) {
  const auto name = ParseEntityArn(role_arn, EntityKind::kRole);
  if (!name) return Fail(kRoleNotFound, "\"" + std::string(role_arn) + "\" is not the ARN of a role");
  ALOFT_ASSIGN(auto role, FindPrincipal(state, name->account, EntityKind::kRole, name->name));
  if (role == nullptr || role->entity.Arn() != role_arn) return NoRole(role_arn);
  return role;
}

Status CheckTrustsService(Service::State& state, const Principal& role, std::string_view service_principal,
                          std::string_view source_arn) {
  Context context = {{"aws:sourceaccount", {role.entity.account.value()}}};
  if (!source_arn.empty()) context["aws:sourcearn"] = {std::string(source_arn)};
  const Session service = ServiceSession(service_principal);
  const ResourceFacts facts{.owner = role.entity.account};
  const SessionKeys keys(service, nullptr, context, state.clock.Now(), &facts, PlacementIn(state));
  Caller caller;
  caller.service = service_principal;
  const Verdict verdict = role.trust->Evaluate(Query{"sts:AssumeRole", role.entity.Arn(), keys, &caller});
  if (verdict.effect == Verdict::Effect::kAllow && !keys.failure()) return {};
  return Fail(kRoleNotAssumable, "The trust policy of " + role.entity.Arn() + " does not let '" +
                                     std::string(service_principal) + "' assume the role");
}

}  // namespace

Session RoleSession(const Entity& role, std::string_view session_name) {
  Session session;
  session.kind = PrincipalKind::kRole;
  session.account = role.account;
  session.arn = "arn:aws:sts::" + role.account.value() + ":assumed-role/" + role.name + "/" + std::string(session_name);
  session.principal_id = role.id + ":" + std::string(session_name);
  session.role_arn = role.Arn();
  session.role_session_name = session_name;
  return session;
}

TemporaryCredentials Issue(Service::State& state, Session session, std::chrono::seconds valid_for,
                           const std::vector<std::string>& policies, std::string bound_to) {
  const Time now = state.clock.Now();
  session.issued = now;
  session.expires = now + valid_for;
  session.access_key_id = NewAccessKeyId(state.random, "ASIA", session.account);
  TemporaryCredentials out;
  out.access_key_id = session.access_key_id;
  out.secret = NewSecret(state.random);
  out.session_token = SealSessionToken(state.keyring, Credential{out.secret, session, std::move(bound_to)}, policies);
  out.session = std::move(session);
  return out;
}

Status Service::CheckPassable(const Session& session, std::string_view role_arn,
                              std::string_view service_principal) const {
  return CheckPassableFor(*state_, session, role_arn, service_principal, {});
}

Status CheckPassableFor(Service::State& state, const Session& session, std::string_view role_arn,
                        std::string_view service_principal, std::string_view source_arn) {
  ALOFT_ASSIGN(const auto role, FindRole(state, role_arn));
  if (role->entity.account != session.account)
    return Fail(kRoleNotAssumable, "Cross-account pass role is not allowed.");
  return CheckTrustsService(state, *role, service_principal, source_arn);
}

Result<TemporaryCredentials> Service::IssueForRole(std::string_view role_arn, std::string_view session_name,
                                                   std::chrono::seconds valid_for,
                                                   std::string_view service_principal) const {
  return IssueForRoleFor(*state_, role_arn, session_name, valid_for, service_principal, {});
}

Result<TemporaryCredentials> IssueForRoleFor(Service::State& state, std::string_view role_arn,
                                             std::string_view session_name, std::chrono::seconds valid_for,
                                             std::string_view service_principal, std::string_view source_arn,
                                             std::string bound_to) {
  ALOFT_ASSIGN(const auto role, FindRole(state, role_arn));
  ALOFT_TRY(CheckTrustsService(state, *role, service_principal, source_arn));
  return Issue(state, RoleSession(role->entity, session_name), std::clamp(valid_for, kShortest, kLongest), {},
               std::move(bound_to));
}

Result<Session> Service::SessionForRole(std::string_view role_arn, std::string_view session_name) const {
  ALOFT_ASSIGN(const auto role, FindRole(*state_, role_arn));
  return RoleSession(role->entity, session_name);
}

Result<std::string> Service::IssueEndpointToken(const Session& session, const AccountId& account, const Region& region,
                                                std::string_view endpoint, std::chrono::seconds valid_for) const {
  constexpr std::string_view kAction = "sagemaker:InvokeEndpoint";
  const std::string resource =
      "arn:aws:sagemaker:" + region.value() + ":" + account.value() + ":endpoint/" + ToLower(endpoint);
  const Decision decision = Authorize(session, kAction, resource, {});
  // Session policies do not travel in the token, so a session that has some makes none.
  if (!decision.allowed || session.account != account || !session.session_policies.empty() ||
      session.kind == PrincipalKind::kToken || session.kind == PrincipalKind::kRoot)
    return Fail(kAccessDenied, DeniedMessage(session, kAction, resource, decision));
  if (valid_for <= std::chrono::seconds(0) || valid_for > kLongestEndpointToken)
    return Fail(kInvalidInput, "An endpoint token is valid for at least one second and at most 30 days");
  Session token = session;
  token.kind = PrincipalKind::kToken;
  token.region = region;
  token.endpoint = endpoint;
  token.id = state_->random.Uuid();
  token.issued = state_->clock.Now();
  token.expires = token.issued + valid_for;
  // Made from credentials that end, it ends with them.
  if (session.temporary()) token.expires = std::min(token.expires, session.expires);
  return SealEndpointToken(state_->keyring, token);
}

Result<Session> Service::OpenEndpointToken(std::string_view token) const {
  ALOFT_ASSIGN(Session session, OpenSealedEndpointToken(state_->keyring, token));
  if (state_->clock.Now() >= session.expires) return Fail(kExpiredToken, "The token has expired");
  ALOFT_TRY(CheckOpen(*state_, session));
  return session;
}

}  // namespace aloft::identity
