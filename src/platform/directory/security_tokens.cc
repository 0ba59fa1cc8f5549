#include "platform/directory/security_tokens.h"

#include "platform/directory/common.h"
#include "platform/identity/sessions.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace sts = shapes::sts;
using identity::Context;
using identity::Session;

namespace {

constexpr std::chrono::seconds kShortest = std::chrono::minutes(15);
constexpr std::chrono::seconds kChained = std::chrono::hours(1);
constexpr std::chrono::seconds kLongestUser = std::chrono::hours(36);
constexpr std::size_t kMaxPacked = 2048;

Error TooLong(const char* what) {
  return Fail(kValidation, std::string("The requested DurationSeconds exceeds ") + what);
}

sts::Credentials Show(const TemporaryCredentials& issued) {
  return {.access_key_id = issued.access_key_id,
          .secret_access_key = issued.secret,
          .session_token = issued.session_token,
          .expiration = issued.session.expires};
}

// The documents that a request passes: its own and those it names.
struct Passed {
  std::vector<std::string> documents;
  std::size_t size = 0;
};
Result<Passed> ReadPassed(Service::State& state, const AccountId& account, const std::optional<std::string>& policy,
                          const std::optional<std::vector<sts::PolicyDescriptorType>>& arns) {
  Passed out;
  std::vector<std::string> named;
  if (policy) {
    ALOFT_TRY(Policy::Parse(*policy, PolicyUse::kIdentity));
    out.size += PolicySize(*policy);
    out.documents.push_back(*policy);
  }
  for (const auto& descriptor : arns.value_or(std::vector<sts::PolicyDescriptorType>()))
    named.push_back(descriptor.arn.value_or(""));
  if (named.size() > 10) return Fail(kPackedPolicyTooLarge, "At most 10 managed policies can be passed");
  for (const std::string& arn : named) {
    ALOFT_ASSIGN(const auto document,
                 state.database.Read([&](sql::Reader& reader) { return ManagedDocument(reader, account, arn); }));
    if (!document) return Fail(kNoSuchEntity, "Policy " + arn + " does not exist or is not attachable.");
    out.documents.push_back(*document);
    out.size += arn.size();
  }
  if (out.size > kMaxPacked)
    return Fail(kPackedPolicyTooLarge, "Packed size of session tags and policies consumes " +
                                           std::to_string(out.size * 100 / kMaxPacked) + "% of allotted space.");
  return out;
}

Result<Tags> ReadSessionTags(const std::optional<std::vector<sts::Tag>>& tags) {
  Tags out;
  for (const auto& tag : tags.value_or(std::vector<sts::Tag>())) {
    for (const auto& [key, value] : out)
      if (EqualsIgnoreCase(key, tag.key.value_or("")))
        return Fail(kInvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    out[tag.key.value_or("")] = tag.value.value_or("");
  }
  if (out.size() > 50) return Fail(kValidation, "At most 50 session tags can be passed");
  return out;
}

Error Refused(const Session& session, std::string_view action, const std::string& role_arn) {
  return Fail(kAccessDenied, "User: " + session.arn + " is not authorized to perform: " + std::string(action) +
                                 " on resource: " + role_arn);
}

// Both sides of the door: the role's trust, and what the caller's own policies say of the role.
Status CheckMayAssume(Service& identity, const Session& session, const Principal& role, std::string_view action,
                      const Context& context) {
  const std::string role_arn = role.entity.Arn();
  const ResourceFacts facts{.owner = role.entity.account, .policy = role.trust, .gate = true};
  if (identity.Authorize(session, action, role_arn, context, &facts).allowed) return {};
  return Refused(session, action, role_arn);
}

}  // namespace

Result<sts::GetCallerIdentityResponse> SecurityTokens::GetCallerIdentity(const Session& session,
                                                                         const sts::GetCallerIdentityRequest&) {
  return sts::GetCallerIdentityResponse{
      .user_id = session.principal_id, .account = session.account.value(), .arn = session.arn};
}

Result<sts::AssumeRoleResponse> SecurityTokens::AssumeRole(const Session& session, const sts::AssumeRoleRequest& in,
                                                           const Context& request) {
  if (in.serial_number || in.token_code || in.source_identity || in.provided_contexts ||
      !in.transitive_tag_keys.value_or(std::vector<std::string>()).empty())
    return Fail(kUnimplemented,
                "AssumeRole with SerialNumber, TokenCode, SourceIdentity, ProvidedContexts or "
                "TransitiveTagKeys is not built");
  const std::string role_arn = in.role_arn.value_or(""), session_name = in.role_session_name.value_or("");
  if (session.kind == PrincipalKind::kRoot) return Fail(kAccessDenied, "Roles may not be assumed by root accounts.");
  const auto name = ParseEntityArn(role_arn, EntityKind::kRole);
  if (!name) return Fail(kValidation, role_arn + " is invalid");
  Service::State& state = identity_.state();
  ALOFT_ASSIGN(const auto role, FindPrincipal(state, name->account, EntityKind::kRole, name->name));
  // A role that is not there looks like one that may not be assumed: names are not to be guessed.
  if (role == nullptr || role->entity.Arn() != role_arn) return Refused(session, "sts:AssumeRole", role_arn);

  ALOFT_ASSIGN(const Tags tags, ReadSessionTags(in.tags));
  Context context = request;
  context["sts:rolesessionname"] = {session_name};
  if (in.external_id) context["sts:externalid"] = {*in.external_id};
  for (const auto& [key, value] : tags) {
    context["aws:requesttag/" + ToLower(key)] = {value};
    context["aws:tagkeys"].push_back(key);
  }
  ALOFT_TRY(CheckMayAssume(identity_, session, *role, "sts:AssumeRole", context));
  if (!tags.empty()) ALOFT_TRY(CheckMayAssume(identity_, session, *role, "sts:TagSession", context));

  const std::chrono::seconds wanted(in.duration_seconds.value_or(3600));
  if (wanted < kShortest)
    return Fail(kValidation, "Value '" + std::to_string(wanted.count()) +
                                 "' at 'durationSeconds' failed to satisfy "
                                 "constraint: Member must have value greater than or equal to 900");
  if (session.kind == PrincipalKind::kRole && wanted > kChained)
    return TooLong("the 1 hour session limit for roles assumed by role chaining");
  if (wanted.count() > role->entity.max_session_seconds) return TooLong("the MaxSessionDuration set for this role.");
  ALOFT_ASSIGN(const Passed passed, ReadPassed(state, role->entity.account, in.policy, in.policy_arns));

  Session made = RoleSession(role->entity, session_name);
  made.tags = tags;
  const TemporaryCredentials issued = Issue(state, std::move(made), wanted, passed.documents);
  sts::AssumeRoleResponse out;
  out.credentials = Show(issued);
  out.assumed_role_user =
      sts::AssumedRoleUser{.assumed_role_id = issued.session.principal_id, .arn = issued.session.arn};
  if (!passed.documents.empty()) out.packed_policy_size = static_cast<std::int32_t>(passed.size * 100 / kMaxPacked);
  return out;
}

Result<sts::GetSessionTokenResponse> SecurityTokens::GetSessionToken(const Session& session,
                                                                     const sts::GetSessionTokenRequest& in) {
  if (in.serial_number || in.token_code)
    return Fail(kUnimplemented, "GetSessionToken with SerialNumber or TokenCode is not built");
  if (session.temporary() || session.kind != PrincipalKind::kUser)
    return Fail(kAccessDenied, "Cannot call GetSessionToken with session credentials");
  const std::chrono::seconds wanted(in.duration_seconds.value_or(43200));
  if (wanted < kShortest || wanted > kLongestUser)
    return Fail(kValidation, "Value '" + std::to_string(wanted.count()) +
                                 "' at 'durationSeconds' failed to satisfy "
                                 "constraint: Member must have value between 900 and 129600");
  return sts::GetSessionTokenResponse{.credentials = Show(Issue(identity_.state(), session, wanted, {}))};
}

Result<sts::GetFederationTokenResponse> SecurityTokens::GetFederationToken(const Session& session,
                                                                           const sts::GetFederationTokenRequest& in) {
  if (session.temporary() || session.kind != PrincipalKind::kUser)
    return Fail(kAccessDenied, "Cannot call GetFederationToken with session credentials");
  const std::chrono::seconds wanted(in.duration_seconds.value_or(43200));
  if (wanted < kShortest || wanted > kLongestUser)
    return Fail(kValidation, "Value '" + std::to_string(wanted.count()) +
                                 "' at 'durationSeconds' failed to satisfy "
                                 "constraint: Member must have value between 900 and 129600");
  Service::State& state = identity_.state();
  ALOFT_ASSIGN(Passed passed, ReadPassed(state, session.account, in.policy, in.policy_arns));
  Session made = session;
  ALOFT_ASSIGN(made.tags, ReadSessionTags(in.tags));
  const std::string name = in.name.value_or("");
  made.arn = "arn:aws:sts::" + session.account.value() + ":federated-user/" + name;
  made.principal_id = session.account.value() + ":" + name;
  // Without a passed policy a federated user may nothing.
  if (passed.documents.empty())
    passed.documents = {R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}})"};
  const TemporaryCredentials issued = Issue(state, std::move(made), wanted, passed.documents);
  sts::GetFederationTokenResponse out;
  out.credentials = Show(issued);
  out.federated_user = sts::FederatedUser{.federated_user_id = issued.session.principal_id, .arn = issued.session.arn};
  out.packed_policy_size = static_cast<std::int32_t>(passed.size * 100 / kMaxPacked);
  return out;
}

Result<sts::GetAccessKeyInfoResponse> SecurityTokens::GetAccessKeyInfo(const Session&,
                                                                       const sts::GetAccessKeyInfoRequest& in) {
  const std::string id = in.access_key_id.value_or("");
  if (auto account = AccountOfAccessKey(id)) return sts::GetAccessKeyInfoResponse{.account = account->value()};
  return Fail(kValidation, "The access key id " + id + " is not one of this cloud's");
}

}  // namespace aloft::directory
