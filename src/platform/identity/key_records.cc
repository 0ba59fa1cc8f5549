#include "foundation/base/bytes.h"
#include "platform/identity/records.h"

namespace aloft::identity::records {
namespace {

constexpr std::string_view kColumns =
    "id, account, user_name, active, created, secret, last_used, last_service, last_region";

AccessKeyRecord ReadKey(const sql::Row& row) {
  return AccessKeyRecord{.id = row.Text(0),
                         .account = AccountId(row.Text(1)),
                         .user_name = row.Text(2),
                         .active = row.Int(3) != 0,
                         .created = FromMicros(row.Int(4)),
                         .sealed_secret = row.Blob(5),
                         .last_used = FromMicros(row.Int(6)),
                         .last_service = row.Text(7),
                         .last_region = row.Text(8)};
}

}  // namespace

Status InsertKey(sql::Transaction& t, const AccessKeyRecord& key) {
  ALOFT_TRY(
      t.Execute("INSERT INTO identity_keys (id, account, user_key, user_name, active, created, secret, last_used, "
                "last_service, last_region) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, '', '')",
                {key.id, key.account.value(), ToLower(key.user_name), key.user_name, std::int64_t{key.active},
                 ToMicros(key.created), sql::Bytes{key.sealed_secret}}));
  return {};
}

Result<bool> SetKeyActive(sql::Transaction& t, const Entity& user, std::string_view id, bool active) {
  ALOFT_ASSIGN(const std::int64_t rows,
               t.Execute("UPDATE identity_keys SET active = $4 WHERE account = $1 AND user_key = $2 AND id = $3",
                         {user.account.value(), ToLower(user.name), std::string(id), std::int64_t{active}}));
  return rows > 0;
}

Result<bool> DeleteKey(sql::Transaction& t, const Entity& user, std::string_view id) {
  ALOFT_ASSIGN(const std::int64_t rows,
               t.Execute("DELETE FROM identity_keys WHERE account = $1 AND user_key = $2 AND id = $3",
                         {user.account.value(), ToLower(user.name), std::string(id)}));
  return rows > 0;
}

Result<std::optional<AccessKeyRecord>> FindKey(sql::Reader& reader, std::string_view id) {
  ALOFT_ASSIGN(
      const sql::Rows rows,
      reader.Query("SELECT " + std::string(kColumns) + " FROM identity_keys WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return std::optional<AccessKeyRecord>();
  return std::optional(ReadKey(rows.front()));
}

Result<std::vector<AccessKeyRecord>> ListKeys(sql::Reader& reader, const Entity& user) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT " + std::string(kColumns) +
                                                      " FROM identity_keys WHERE account = $1 AND user_key = $2 "
                                                      "ORDER BY created, id",
                                                  {user.account.value(), ToLower(user.name)}));
  std::vector<AccessKeyRecord> out;
  for (const sql::Row& row : rows) out.push_back(ReadKey(row));
  return out;
}

Status SetKeyUsed(sql::Transaction& t, std::string_view id, Time when, std::string_view service,
                  std::string_view region) {
  ALOFT_TRY(t.Execute("UPDATE identity_keys SET last_used = $2, last_service = $3, last_region = $4 WHERE id = $1",
                      {std::string(id), ToMicros(when), std::string(service), std::string(region)}));
  return {};
}

}  // namespace aloft::identity::records
