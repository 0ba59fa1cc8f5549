#include "platform/directory/account.h"

#include "platform/directory/common.h"
#include "platform/factors/records.h"
#include "platform/federation/records.h"

namespace aloft::directory {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below
namespace iam = shapes::iam;
using identity::Context;
using identity::Session;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

Result<iam::GetAccountSummaryResponse> Account::GetAccountSummary(const Session& session,
                                                                  const iam::GetAccountSummaryRequest&) {
  return identity_.state().database.Read([&](sql::Reader& reader) -> Result<iam::GetAccountSummaryResponse> {
    std::map<std::string, std::int32_t> map = {{"UsersQuota", 5000},
                                               {"GroupsQuota", 300},
                                               {"RolesQuota", 1000},
                                               {"PoliciesQuota", 1500},
                                               {"InstanceProfilesQuota", 1000},
                                               {"AccessKeysPerUserQuota", 2},
                                               {"GroupsPerUserQuota", 10},
                                               {"AttachedPoliciesPerUserQuota", 10},
                                               {"AttachedPoliciesPerGroupQuota", 10},
                                               {"AttachedPoliciesPerRoleQuota", 10},
                                               {"VersionsPerPolicyQuota", 5},
                                               {"PolicySizeQuota", 6144},
                                               {"UserPolicySizeQuota", 2048},
                                               {"GroupPolicySizeQuota", 5120},
                                               {"RolePolicySizeQuota", 10240},
                                               {"AssumeRolePolicySizeQuota", 2048},
                                               {"AccountAccessKeysPresent", 0},
                                               {"AccountMFAEnabled", 0},
                                               {"MFADevices", 0},
                                               {"MFADevicesInUse", 0},
                                               {"Providers", 0},
                                               {"ServerCertificates", 0}};
    for (const auto& [name, kind] : {std::pair{"Users", EntityKind::kUser},
                                     {"Groups", EntityKind::kGroup},
                                     {"Roles", EntityKind::kRole},
                                     {"Policies", EntityKind::kPolicy},
                                     {"InstanceProfiles", EntityKind::kInstanceProfile}}) {
      ALOFT_ASSIGN(const std::int64_t count, records::Count(reader, session.account, kind));
      map[name] = static_cast<std::int32_t>(count);
    }
    ALOFT_ASSIGN(const auto devices, factors::records::ListDevices(reader, session.account));
    map["MFADevices"] = static_cast<std::int32_t>(devices.size());
    for (const auto& device : devices) map["MFADevicesInUse"] += device.owner.empty() ? 0 : 1;
    ALOFT_ASSIGN(const auto providers, federation::records::ListProviders(reader, session.account));
    map["Providers"] = static_cast<std::int32_t>(providers.size());
    return iam::GetAccountSummaryResponse{.summary_map = std::move(map)};
  });
}

Result<iam::ListAccountAliasesResponse> Account::ListAccountAliases(const Session& session,
                                                                    const iam::ListAccountAliasesRequest&) {
  ALOFT_ASSIGN(const auto alias, identity_.state().database.Read([&](sql::Reader& reader) {
    return factors::records::FindAlias(reader, session.account);
  }));
  return iam::ListAccountAliasesResponse{.account_aliases = alias ? Texts{*alias} : Texts(), .is_truncated = false};
}

Status Account::CreateAccountAlias(const Session& session, const iam::CreateAccountAliasRequest& in) {
  const std::string alias = in.account_alias.value_or("");
  // It must not look like an account.
  if (alias.size() == 12 && alias.find_first_not_of("0123456789") == std::string::npos)
    return Fail(kInvalidInput, "The account alias must not have the form of an account id");
  return identity_.state().Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const auto owner, factors::records::FindAliasOwner(t, alias));
    if (owner && *owner != session.account)
      return Fail(kEntityAlreadyExists, "The account alias " + alias + " already exists.");
    return factors::records::PutAlias(t, session.account, alias);
  });
}

Status Account::DeleteAccountAlias(const Session& session, const iam::DeleteAccountAliasRequest& in) {
  const std::string alias = in.account_alias.value_or("");
  return identity_.state().Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const bool found, factors::records::DeleteAlias(t, session.account, alias));
    if (found) return {};
    return Fail(kNoSuchEntity, "The account alias " + alias + " cannot be found.");
  });
}

}  // namespace aloft::directory
