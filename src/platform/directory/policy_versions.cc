#include "platform/directory/managed_policies.h"
#include "platform/directory/policy_store.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Session;

namespace {

constexpr std::size_t kMaxVersions = 5;

Error NoVersion(const std::string& arn, const std::string& version) {
  return Fail(kNoSuchEntity, "Policy " + arn + " version " + version + " does not exist or is not attachable.");
}

Result<PolicyVersionRecord> RequireVersion(sql::Reader& reader, const Entity& policy, const std::string& text) {
  const auto number = ParseVersion(text);
  if (!number) return Fail(kValidation, "The specified value for versionId is invalid. It must be v1, v2, ...");
  ALOFT_ASSIGN(auto versions, records::ListVersions(reader, policy));
  for (PolicyVersionRecord& version : versions)
    if (version.version == *number) return std::move(version);
  return NoVersion(policy.Arn(), text);
}

iam::PolicyVersion Show(const PolicyVersionRecord& version) {
  return {.version_id = VersionText(version.version),
          .is_default_version = version.is_default,
          .create_date = version.created};
}

iam::PolicyVersion ShowAws(const AwsManagedPolicy& policy) {
  return {.document = ShowDocument(policy.document),
          .version_id = VersionText(policy.version),
          .is_default_version = true,
          .create_date = Time(std::chrono::seconds(1'423'162'800))};
}

Attachments Of(Service::State& state, const Session& session, const std::optional<std::string>& arn) {
  const auto name = ParseEntityArn(arn.value_or(""), EntityKind::kPolicy);
  return Attachments(state, session.account, EntityKind::kPolicy, name ? name->name : "");
}

}  // namespace

Result<iam::CreatePolicyVersionResponse> ManagedPolicies::CreatePolicyVersion(
    const Session& session, const iam::CreatePolicyVersionRequest& in) {
  const std::string document = in.policy_document.value_or("");
  ALOFT_TRY(identity::Policy::Parse(document, PolicyUse::kIdentity));
  if (PolicySize(document) > 6144) return Fail(kLimitExceeded, "Cannot exceed quota for PolicySize: 6144");
  const Time now = state_.clock.Now();
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<iam::CreatePolicyVersionResponse> {
    ALOFT_ASSIGN(Entity policy, RequirePolicy(t, session.account, in.policy_arn.value_or("")));
    ALOFT_ASSIGN(const auto versions, records::ListVersions(t, policy));
    if (versions.size() >= kMaxVersions)
      return Fail(kLimitExceeded,
                  "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                  "existing version.");
    PolicyVersionRecord version{
        .version = policy.next_version, .is_default = false, .created = now, .document = document};
    ++policy.next_version;
    policy.updated = now;
    ALOFT_TRY(records::InsertVersion(t, policy, version));
    ALOFT_TRY(records::Update(t, policy.name, policy));
    if (in.set_as_default.value_or(false)) {
      ALOFT_TRY(records::SetDefaultVersion(t, policy, version.version));
      version.is_default = true;
    }
    return iam::CreatePolicyVersionResponse{.policy_version = Show(version)};
  });
}

Result<iam::GetPolicyVersionResponse> ManagedPolicies::GetPolicyVersion(const Session& session,
                                                                        const iam::GetPolicyVersionRequest& in) {
  const std::string arn = in.policy_arn.value_or(""), wanted = in.version_id.value_or("");
  if (const AwsManagedPolicy* managed = FindAwsManagedPolicy(arn)) {
    if (wanted != VersionText(managed->version)) return NoVersion(arn, wanted);
    return iam::GetPolicyVersionResponse{.policy_version = ShowAws(*managed)};
  }
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::GetPolicyVersionResponse> {
    ALOFT_ASSIGN(const Entity policy, RequirePolicy(reader, session.account, arn));
    ALOFT_ASSIGN(const PolicyVersionRecord version, RequireVersion(reader, policy, wanted));
    iam::PolicyVersion shown = Show(version);
    shown.document = ShowDocument(version.document);
    return iam::GetPolicyVersionResponse{.policy_version = std::move(shown)};
  });
}

Status ManagedPolicies::DeletePolicyVersion(const Session& session, const iam::DeletePolicyVersionRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity policy, RequirePolicy(t, session.account, in.policy_arn.value_or("")));
    ALOFT_ASSIGN(const PolicyVersionRecord version, RequireVersion(t, policy, in.version_id.value_or("")));
    if (version.is_default) return Fail(kDeleteConflict, "Cannot delete the default version of a policy.");
    return records::DeleteVersion(t, policy, version.version);
  });
}

Status ManagedPolicies::SetDefaultPolicyVersion(const Session& session, const iam::SetDefaultPolicyVersionRequest& in) {
  const Time now = state_.clock.Now();
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity policy, RequirePolicy(t, session.account, in.policy_arn.value_or("")));
    ALOFT_ASSIGN(const PolicyVersionRecord version, RequireVersion(t, policy, in.version_id.value_or("")));
    policy.updated = now;
    ALOFT_TRY(records::Update(t, policy.name, policy));
    return records::SetDefaultVersion(t, policy, version.version);
  });
}

Result<iam::ListPolicyVersionsResponse> ManagedPolicies::ListPolicyVersions(const Session& session,
                                                                            const iam::ListPolicyVersionsRequest& in) {
  const std::string arn = in.policy_arn.value_or("");
  iam::ListPolicyVersionsResponse out;
  out.is_truncated = false;
  if (const AwsManagedPolicy* managed = FindAwsManagedPolicy(arn)) {
    iam::PolicyVersion shown = ShowAws(*managed);
    shown.document.reset();
    out.versions = {std::move(shown)};
    return out;
  }
  // Five at most: one page.
  return state_.database.Read([&](sql::Reader& reader) -> Result<iam::ListPolicyVersionsResponse> {
    ALOFT_ASSIGN(const Entity policy, RequirePolicy(reader, session.account, arn));
    ALOFT_ASSIGN(const auto versions, records::ListVersions(reader, policy));
    out.versions.emplace();
    for (const PolicyVersionRecord& version : versions) out.versions->push_back(Show(version));
    return out;
  });
}

Status ManagedPolicies::TagPolicy(const Session& session, const iam::TagPolicyRequest& in) {
  return Of(state_, session, in.policy_arn).Tag(in.tags);
}
Status ManagedPolicies::UntagPolicy(const Session& session, const iam::UntagPolicyRequest& in) {
  return Of(state_, session, in.policy_arn).Untag(in.tag_keys.value_or(std::vector<std::string>()));
}
Result<iam::ListPolicyTagsResponse> ManagedPolicies::ListPolicyTags(const Session& session,
                                                                    const iam::ListPolicyTagsRequest& in) {
  ALOFT_ASSIGN(auto cut, Of(state_, session, in.policy_arn).ListTags(in.marker, in.max_items));
  iam::ListPolicyTagsResponse out;
  SetPage(out, cut);
  out.tags = std::move(cut.items);
  return out;
}

}  // namespace aloft::directory
