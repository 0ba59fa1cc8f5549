#include "platform/directory/account.h"

#include "platform/directory/common.h"

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
    return iam::GetAccountSummaryResponse{.summary_map = std::move(map)};
  });
}

Result<iam::ListAccountAliasesResponse> Account::ListAccountAliases(const Session&,
                                                                    const iam::ListAccountAliasesRequest&) {
  return iam::ListAccountAliasesResponse{.account_aliases = Texts(), .is_truncated = false};
}

}  // namespace aloft::directory
