#include "platform/sessions/assumption.h"

#include "platform/directory/common.h"
#include "platform/identity/sessions.h"

namespace aloft::sessions {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace sts = shapes::sts;
using identity::Context;
using identity::Session;

namespace {

constexpr std::chrono::seconds kShortest = std::chrono::minutes(15);
constexpr std::chrono::seconds kChained = std::chrono::hours(1);
constexpr std::size_t kMaxPacked = 2048;

Error TooLong(const char* what) {
  return Fail(kValidation, std::string("The requested DurationSeconds exceeds ") + what);
}

}  // namespace

sts::Credentials Show(const TemporaryCredentials& issued) {
  return {.access_key_id = issued.access_key_id,
          .secret_access_key = issued.secret,
          .session_token = issued.session_token,
          .expiration = issued.session.expires};
}

Result<Passed> ReadPassed(Service::State& state, const AccountId& account, const std::optional<std::string>& policy,
                          const std::optional<std::vector<sts::PolicyDescriptorType>>& arns, const Tags& tags) {
  Passed out;
  std::vector<std::string> named;
  if (policy) {
    ALOFT_TRY(Policy::Parse(*policy, PolicyUse::kIdentity));
    out.size += directory::PolicySize(*policy);
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
  for (const auto& [key, value] : tags) out.size += (key.size() + value.size()) / 8;  // packed: tags compress well
  return out;
}

std::int32_t PackedSize(const Passed& passed) {
  return static_cast<std::int32_t>(std::min<std::size_t>(100, passed.size * 100 / kMaxPacked));
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

void AddTo(Context& context, const Assumption& assumption) {
  context["sts:rolesessionname"] = {assumption.session_name};
  if (!assumption.source_identity.empty()) context["sts:sourceidentity"] = {assumption.source_identity};
  for (const auto& [key, value] : assumption.tags) {
    context["aws:requesttag/" + ToLower(key)] = {value};
    context["aws:tagkeys"].push_back(key);
  }
  if (!assumption.transitive_tags.empty()) context["sts:transitivetagkeys"] = assumption.transitive_tags;
}

Result<std::chrono::seconds> ReadDuration(const std::optional<std::int32_t>& seconds, const Entity& role,
                                          bool chained) {
  const std::chrono::seconds wanted(seconds.value_or(3600));
  if (wanted < kShortest)
    return Fail(kValidation, "Value '" + std::to_string(wanted.count()) +
                                 "' at 'durationSeconds' failed to satisfy "
                                 "constraint: Member must have value greater than or equal to 900");
  if (chained && wanted > kChained) return TooLong("the 1 hour session limit for roles assumed by role chaining");
  if (wanted.count() > role.max_session_seconds) return TooLong("the MaxSessionDuration set for this role.");
  return wanted;
}

TemporaryCredentials IssueSession(Service::State& state, Session session, const Assumption& assumption,
                                  std::chrono::seconds valid_for, const Passed& passed) {
  session.tags = assumption.tags;
  session.transitive_tags = assumption.transitive_tags;
  session.source_identity = assumption.source_identity;
  return Issue(state, std::move(session), valid_for, passed.documents);
}

bool TrustsAnother(const Entity& role, const std::string& arn, std::string_view id) {
  const auto found = role.trust_ids.find(arn);
  return found != role.trust_ids.end() && found->second != id;
}

}  // namespace aloft::sessions
