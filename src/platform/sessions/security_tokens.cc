#include "platform/sessions/security_tokens.h"

#include "platform/identity/denial.h"
#include "platform/identity/session_keys.h"
#include "platform/identity/sessions.h"
#include "platform/sessions/assumption.h"
#include "platform/sessions/errors.h"

namespace aloft::sessions {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace sts = shapes::sts;
using identity::Context;
using identity::Session;

namespace {

constexpr std::chrono::seconds kShortest = std::chrono::minutes(15);
constexpr std::chrono::seconds kLongestUser = std::chrono::hours(36);

Error Refused(const Session& session, std::string_view action, const std::string& resource) {
  return Fail(kAccessDenied, "User: " + session.arn + " is not authorized to perform: " + std::string(action) +
                                 " on resource: " + resource);
}

// What the trust says to somebody whose names it does not mean.
bool TrustsStranger(const Service& identity, const Session& session, const Principal& role, std::string_view action,
                    const Context& context) {
  const std::string role_arn = role.entity.Arn();
  const SessionKeys keys(session, nullptr, context, identity.state().clock.Now(), nullptr,
                         PlacementIn(identity.state()));
  Caller caller;
  caller.account = session.account.value();
  const bool allows = role.trust->Evaluate(Query{action, role_arn, keys, &caller}).effect == Verdict::Effect::kAllow;
  return allows && !keys.failure();
}

// Both sides of the door: the role's trust, and what the caller's own policies say of the role.
Status CheckMayAssume(Service& identity, const Session& session, const Principal& role, std::string_view action,
                      const Context& context) {
  const std::string role_arn = role.entity.Arn();
  const std::string_view id = std::string_view(session.principal_id).substr(0, session.principal_id.find(':'));
  // Where the trust means an earlier bearer of the caller's name, only what it says to everyone or to the whole account
  // counts, and the caller's own policies must allow.
  if (TrustsAnother(role.entity, session.arn, id) || TrustsAnother(role.entity, session.role_arn, id)) {
    const bool trusted = TrustsStranger(identity, session, role, action, context);
    if (trusted && identity.Authorize(session, action, role_arn, context).allowed) return {};
    return Refused(session, action, role_arn);
  }
  const ResourceFacts facts{.owner = role.entity.account, .policy = role.trust, .gate = true};
  if (identity.Authorize(session, action, role_arn, context, &facts).allowed) return {};
  return Refused(session, action, role_arn);
}

// What the request asks for, with what the calling session hands on.
Result<Assumption> ReadAssumption(const Session& session, const sts::AssumeRoleRequest& in) {
  Assumption out;
  out.session_name = in.role_session_name.value_or("");
  ALOFT_ASSIGN(out.tags, ReadSessionTags(in.tags));
  out.sets_tags = !out.tags.empty();
  for (const std::string& key : in.transitive_tag_keys.value_or(std::vector<std::string>())) {
    const bool passed = std::any_of(out.tags.begin(), out.tags.end(),
                                    [&](const auto& tag) { return EqualsIgnoreCase(tag.first, key); });
    if (!passed) return Fail(kValidation, "The specified transitive tag key must be included in the requested tags.");
    out.transitive_tags.push_back(key);
  }
  for (const std::string& key : session.transitive_tags) {
    for (const auto& [own, value] : out.tags)
      if (EqualsIgnoreCase(own, key))
        return Fail(kValidation,
                    "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
                    "key from the calling session.");
    if (const auto found = session.tags.find(key); found != session.tags.end()) out.tags[key] = found->second;
    out.transitive_tags.push_back(key);
  }
  out.source_identity = in.source_identity.value_or(session.source_identity);
  if (!session.source_identity.empty() && out.source_identity != session.source_identity)
    return Fail(kAccessDenied, "The source identity of a session cannot be changed");
  return out;
}

Result<std::chrono::seconds> UserDuration(const std::optional<std::int32_t>& seconds) {
  const std::chrono::seconds wanted(seconds.value_or(43200));
  if (wanted >= kShortest && wanted <= kLongestUser) return wanted;
  return Fail(kValidation, "Value '" + std::to_string(wanted.count()) +
                               "' at 'durationSeconds' failed to satisfy "
                               "constraint: Member must have value between 900 and 129600");
}

}  // namespace

Result<Time> SecurityTokens::ShownFactor(const Session& session, const std::optional<std::string>& serial,
                                         const std::optional<std::string>& code) {
  if (!serial && !code) return Time{};
  const auto failed = [](const char* why) {
    return Fail(kAccessDenied, std::string("MultiFactorAuthentication failed, ") + why);
  };
  if (!serial || !code) return failed("must provide both MFA serial number and one time pass code. ");
  if (session.kind != PrincipalKind::kUser)
    return failed(
        "unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.");
  const auto verified = d_.factors.VerifyCode(session.account, session.principal_id, *serial, *code);
  if (!verified.ok() && verified.error().reason == factors::kInvalidAuthenticationCode)
    return failed("with invalid MFA one time pass code. ");
  ALOFT_TRY(verified);
  return d_.identity.state().clock.Now();
}

Result<sts::GetCallerIdentityResponse> SecurityTokens::GetCallerIdentity(const Session& session,
                                                                         const sts::GetCallerIdentityRequest&) {
  return sts::GetCallerIdentityResponse{
      .user_id = session.principal_id, .account = session.account.value(), .arn = session.arn};
}

Result<sts::AssumeRoleResponse> SecurityTokens::AssumeRole(const Session& session, const sts::AssumeRoleRequest& in,
                                                           const Context& request) {
  if (in.provided_contexts) return Fail(kUnimplemented, "AssumeRole with ProvidedContexts is not built");
  const std::string role_arn = in.role_arn.value_or("");
  if (session.kind == PrincipalKind::kRoot) return Fail(kAccessDenied, "Roles may not be assumed by root accounts.");
  const auto name = ParseEntityArn(role_arn, EntityKind::kRole);
  if (!name) return Fail(kValidation, role_arn + " is invalid");
  Service::State& state = d_.identity.state();
  ALOFT_ASSIGN(const auto role, FindPrincipal(state, name->account, EntityKind::kRole, name->name));
  // A role that is not there looks like one that may not be assumed: names are not to be guessed.
  if (role == nullptr || role->entity.Arn() != role_arn) return Refused(session, "sts:AssumeRole", role_arn);

  ALOFT_ASSIGN(const Assumption assumption, ReadAssumption(session, in));
  Session asking = session;
  ALOFT_ASSIGN(const Time shown, ShownFactor(session, in.serial_number, in.token_code));
  if (shown != Time{}) asking.mfa = shown;
  Context context = request;
  if (in.external_id) context["sts:externalid"] = {*in.external_id};
  AddTo(context, assumption);
  ALOFT_TRY(CheckMayAssume(d_.identity, asking, *role, "sts:AssumeRole", context));
  if (assumption.sets_tags || !session.transitive_tags.empty())
    ALOFT_TRY(CheckMayAssume(d_.identity, asking, *role, "sts:TagSession", context));
  if (!assumption.source_identity.empty())
    ALOFT_TRY(CheckMayAssume(d_.identity, asking, *role, "sts:SetSourceIdentity", context));

  ALOFT_ASSIGN(const auto wanted,
               ReadDuration(in.duration_seconds, role->entity, session.kind == PrincipalKind::kRole));
  ALOFT_ASSIGN(const Passed passed,
               ReadPassed(state, role->entity.account, in.policy, in.policy_arns, assumption.tags));
  const TemporaryCredentials issued =
      IssueSession(state, RoleSession(role->entity, assumption.session_name), assumption, wanted, passed);
  sts::AssumeRoleResponse out;
  out.credentials = Show(issued);
  out.assumed_role_user =
      sts::AssumedRoleUser{.assumed_role_id = issued.session.principal_id, .arn = issued.session.arn};
  if (passed.size > 0) out.packed_policy_size = PackedSize(passed);
  if (!assumption.source_identity.empty()) out.source_identity = assumption.source_identity;
  return out;
}

Result<sts::GetSessionTokenResponse> SecurityTokens::GetSessionToken(const Session& session,
                                                                     const sts::GetSessionTokenRequest& in) {
  if (session.temporary() || session.kind != PrincipalKind::kUser)
    return Fail(kAccessDenied, "Cannot call GetSessionToken with session credentials");
  ALOFT_ASSIGN(const auto wanted, UserDuration(in.duration_seconds));
  Session made = session;
  ALOFT_ASSIGN(made.mfa, ShownFactor(session, in.serial_number, in.token_code));
  return sts::GetSessionTokenResponse{.credentials = Show(Issue(d_.identity.state(), std::move(made), wanted, {}))};
}

Result<sts::GetFederationTokenResponse> SecurityTokens::GetFederationToken(const Session& session,
                                                                           const sts::GetFederationTokenRequest& in) {
  if (session.temporary() || session.kind != PrincipalKind::kUser)
    return Fail(kAccessDenied, "Cannot call GetFederationToken with session credentials");
  ALOFT_ASSIGN(const auto wanted, UserDuration(in.duration_seconds));
  Service::State& state = d_.identity.state();
  Session made = session;
  ALOFT_ASSIGN(made.tags, ReadSessionTags(in.tags));
  ALOFT_ASSIGN(Passed passed, ReadPassed(state, session.account, in.policy, in.policy_arns, made.tags));
  const std::string name = in.name.value_or("");
  made.arn = "arn:aws:sts::" + session.account.value() + ":federated-user/" + name;
  made.principal_id = session.account.value() + ":" + name;
  const std::int32_t packed = PackedSize(passed);
  // Without a passed policy a federated user may nothing.
  if (passed.documents.empty())
    passed.documents = {R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})"};
  const TemporaryCredentials issued = Issue(state, std::move(made), wanted, passed.documents);
  sts::GetFederationTokenResponse out;
  out.credentials = Show(issued);
  out.federated_user = sts::FederatedUser{.federated_user_id = issued.session.principal_id, .arn = issued.session.arn};
  out.packed_policy_size = packed;
  return out;
}

Result<sts::GetAccessKeyInfoResponse> SecurityTokens::GetAccessKeyInfo(const Session&,
                                                                       const sts::GetAccessKeyInfoRequest& in) {
  const std::string id = in.access_key_id.value_or("");
  if (auto account = AccountOfAccessKey(id)) return sts::GetAccessKeyInfoResponse{.account = account->value()};
  return Fail(kValidation, "The access key id " + id + " is not one of this cloud's");
}

Result<sts::DecodeAuthorizationMessageResponse> SecurityTokens::DecodeAuthorizationMessage(
    const Session& session, const sts::DecodeAuthorizationMessageRequest& in) {
  auto denial = DecodeDenial(d_.identity.state().keyring, in.encoded_message.value_or(""));
  // Another account's refusal looks like none of ours.
  if (!denial.ok() || denial->account != session.account)
    return Fail(kInvalidAuthorizationMessage, "Message is not valid");
  return sts::DecodeAuthorizationMessageResponse{.decoded_message = std::move(denial->document)};
}

}  // namespace aloft::sessions
