#include "platform/identity/records.h"
#include "platform/identity/records_sql.h"

namespace aloft::identity::records {

Status PutInline(sql::Transaction& t, const Entity& owner, std::string_view policy_name, std::string_view document) {
  return Run(t,
             "INSERT INTO identity_inline (account, kind, name_key, policy, document) VALUES ($1, $2, $3, $4, $5) "
             "ON CONFLICT (account, kind, name_key, policy) DO UPDATE SET document = excluded.document",
             With(Owner(owner), {std::string(policy_name), std::string(document)}));
}

Result<bool> DeleteInline(sql::Transaction& t, const Entity& owner, std::string_view policy_name) {
  return Changed(t, "DELETE FROM identity_inline WHERE account = $1 AND kind = $2 AND name_key = $3 AND policy = $4",
                 With(Owner(owner), {std::string(policy_name)}));
}

Result<std::vector<std::pair<std::string, std::string>>> ListInline(sql::Reader& reader, const Entity& owner) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT policy, document FROM identity_inline WHERE account = $1 AND "
                                                  "kind = $2 AND name_key = $3 ORDER BY policy",
                                                  Owner(owner)));
  std::vector<std::pair<std::string, std::string>> out;
  for (const sql::Row& row : rows) out.emplace_back(row.Text(0), row.Text(1));
  return out;
}

Result<bool> Attach(sql::Transaction& t, const Entity& owner, std::string_view policy_arn, Time now) {
  return Changed(t,
                 "INSERT INTO identity_attached (account, kind, name_key, policy_arn, created) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, kind, name_key, policy_arn) DO NOTHING",
                 With(Owner(owner), {std::string(policy_arn), ToMicros(now)}));
}

Result<bool> Detach(sql::Transaction& t, const Entity& owner, std::string_view policy_arn) {
  return Changed(t,
                 "DELETE FROM identity_attached WHERE account = $1 AND kind = $2 AND name_key = $3 AND policy_arn = $4",
                 With(Owner(owner), {std::string(policy_arn)}));
}

Result<std::vector<std::string>> ListAttached(sql::Reader& reader, const Entity& owner) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT policy_arn FROM identity_attached WHERE account = $1 AND "
                                                  "kind = $2 AND name_key = $3 ORDER BY policy_arn",
                                                  Owner(owner)));
  std::vector<std::string> out;
  for (const sql::Row& row : rows) out.push_back(row.Text(0));
  return out;
}

Result<std::vector<std::pair<EntityKind, std::string>>> ListHolders(sql::Reader& reader, const AccountId& account,
                                                                    std::string_view policy_arn) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT e.kind, e.name FROM identity_attached a JOIN identity_entities e ON "
                            "e.account = a.account AND e.kind = a.kind AND e.name_key = a.name_key "
                            "WHERE a.account = $1 AND a.policy_arn = $2 ORDER BY e.kind, e.name",
                            {account.value(), std::string(policy_arn)}));
  std::vector<std::pair<EntityKind, std::string>> out;
  for (const sql::Row& row : rows)
    if (const auto kind = ParseKind(row.Text(0))) out.emplace_back(*kind, row.Text(1));
  return out;
}

Result<bool> AddMember(sql::Transaction& t, const Entity& group, const Entity& user) {
  return Changed(t,
                 "INSERT INTO identity_members (account, group_key, user_key) VALUES ($1, $2, $3) "
                 "ON CONFLICT (account, group_key, user_key) DO NOTHING",
                 {group.account.value(), Key(group.name), Key(user.name)});
}

Result<bool> RemoveMember(sql::Transaction& t, const Entity& group, const Entity& user) {
  return Changed(t, "DELETE FROM identity_members WHERE account = $1 AND group_key = $2 AND user_key = $3",
                 {group.account.value(), Key(group.name), Key(user.name)});
}

Result<std::vector<Entity>> ListMembers(sql::Reader& reader, const Entity& group) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT e.account, e.kind, e.name, e.path, e.id, e.created, e.document FROM "
                            "identity_members m JOIN identity_entities e ON e.account = m.account AND e.kind = 'user' "
                            "AND e.name_key = m.user_key WHERE m.account = $1 AND m.group_key = $2 ORDER BY m.user_key",
                            {group.account.value(), Key(group.name)}));
  return ReadEntities(rows);
}

Result<std::vector<Entity>> ListGroupsOf(sql::Reader& reader, const Entity& user) {
  ALOFT_ASSIGN(
      const sql::Rows rows,
      reader.Query("SELECT e.account, e.kind, e.name, e.path, e.id, e.created, e.document FROM "
                   "identity_members m JOIN identity_entities e ON e.account = m.account AND e.kind = 'group' "
                   "AND e.name_key = m.group_key WHERE m.account = $1 AND m.user_key = $2 ORDER BY m.group_key",
                   {user.account.value(), Key(user.name)}));
  return ReadEntities(rows);
}

Status InsertVersion(sql::Transaction& t, const Entity& policy, const PolicyVersionRecord& version) {
  return Run(t,
             "INSERT INTO identity_versions (account, name_key, version, is_default, created, document) "
             "VALUES ($1, $2, $3, $4, $5, $6)",
             {policy.account.value(), Key(policy.name), version.version, std::int64_t{version.is_default},
              ToMicros(version.created), version.document});
}

Status SetDefaultVersion(sql::Transaction& t, const Entity& policy, std::int64_t version) {
  return Run(t,
             "UPDATE identity_versions SET is_default = CASE WHEN version = $3 THEN 1 ELSE 0 END "
             "WHERE account = $1 AND name_key = $2",
             {policy.account.value(), Key(policy.name), version});
}

Status DeleteVersion(sql::Transaction& t, const Entity& policy, std::int64_t version) {
  return Run(t, "DELETE FROM identity_versions WHERE account = $1 AND name_key = $2 AND version = $3",
             {policy.account.value(), Key(policy.name), version});
}

Result<std::vector<PolicyVersionRecord>> ListVersions(sql::Reader& reader, const Entity& policy) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT version, is_default, created, document FROM identity_versions WHERE account = $1 "
                            "AND name_key = $2 ORDER BY version DESC",
                            {policy.account.value(), Key(policy.name)}));
  std::vector<PolicyVersionRecord> out;
  for (const sql::Row& row : rows) out.push_back({row.Int(0), row.Int(1) != 0, FromMicros(row.Int(2)), row.Text(3)});
  return out;
}

}  // namespace aloft::identity::records
