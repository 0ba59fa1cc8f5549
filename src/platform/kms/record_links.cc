// Aliases and grants of the room's records.
#include <boost/json/value.hpp>

#include "foundation/codec/json.h"
#include "platform/kms/records.h"

namespace aloft::kms::records {
namespace {

Result<bool> Changed(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_ASSIGN(const std::int64_t rows, t.Execute(statement, values));
  return rows > 0;
}

void WriteContext(codec::JsonWriter& json, std::string_view name, const std::optional<EncryptionContext>& context) {
  if (!context) return;
  json.Key(name).BeginObject();
  for (const auto& [key, value] : *context) json.Key(key).String(value);
  json.EndObject();
}

std::string Encode(const Grant& grant) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("v").Int(1).Key("grantee").String(grant.grantee).Key("issuer").String(grant.issuing_account);
  if (!grant.name.empty()) json.Key("name").String(grant.name);
  json.Key("operations").BeginArray();
  for (const std::string& operation : grant.operations) json.String(operation);
  json.EndArray();
  WriteContext(json, "subset", grant.context_subset);
  WriteContext(json, "equals", grant.context_equals);
  json.EndObject();
  return out;
}

std::optional<EncryptionContext> ReadContext(const boost::json::object& document, const char* name) {
  const auto* value = document.if_contains(name);
  if (value == nullptr || !value->is_object()) return std::nullopt;
  EncryptionContext out;
  for (const auto& [key, text] : value->as_object())
    if (text.is_string()) out[std::string(key)] = text.as_string();
  return out;
}

// The columns id, key_id, retiring, created, document.
Result<std::vector<Grant>> ReadGrants(Result<sql::Rows> rows) {
  if (!rows.ok()) return std::move(rows).error();
  std::vector<Grant> out;
  for (const sql::Row& row : *rows) {
    ALOFT_ASSIGN(const boost::json::value json, codec::ParseJson(row.Text(4)));
    if (!json.is_object()) return Fail(kCorrupt, "The key service's records are damaged.", "a grant");
    const boost::json::object& document = json.as_object();
    Grant grant;
    grant.id = row.Text(0);
    grant.key_id = row.Text(1);
    grant.retiring = row.Text(2);
    grant.created = FromMicros(row.Int(3));
    const auto text = [&](const char* name, std::string& to) {
      if (const auto* value = document.if_contains(name); value != nullptr && value->is_string())
        to = value->as_string();
    };
    text("grantee", grant.grantee);
    text("issuer", grant.issuing_account);
    text("name", grant.name);
    if (const auto* operations = document.if_contains("operations"); operations != nullptr && operations->is_array())
      for (const auto& each : operations->as_array())
        if (each.is_string()) grant.operations.emplace_back(each.as_string());
    grant.context_subset = ReadContext(document, "subset");
    grant.context_equals = ReadContext(document, "equals");
    out.push_back(std::move(grant));
  }
  return out;
}

Result<std::vector<Alias>> ReadAliases(Result<sql::Rows> rows) {
  if (!rows.ok()) return std::move(rows).error();
  std::vector<Alias> out;
  for (const sql::Row& row : *rows)
    out.push_back({row.Text(0), row.Text(1), FromMicros(row.Int(2)), FromMicros(row.Int(3))});
  return out;
}

}  // namespace

Result<bool> InsertAlias(sql::Transaction& t, const AccountId& account, const Region& region, const Alias& alias) {
  return Changed(
      t,
      "INSERT INTO kms_aliases (account, region, name, key_id, created, updated) VALUES ($1, $2, $3, $4, $5, "
      "$6) ON CONFLICT DO NOTHING",
      {account.value(), region.value(), alias.name, alias.key_id, ToMicros(alias.created), ToMicros(alias.updated)});
}

Result<bool> UpdateAlias(sql::Transaction& t, const AccountId& account, const Region& region, const Alias& alias) {
  return Changed(t, "UPDATE kms_aliases SET key_id = $4, updated = $5 WHERE account = $1 AND region = $2 AND name = $3",
                 {account.value(), region.value(), alias.name, alias.key_id, ToMicros(alias.updated)});
}

Result<bool> DeleteAlias(sql::Transaction& t, const AccountId& account, const Region& region, const std::string& name) {
  return Changed(t, "DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND name = $3",
                 {account.value(), region.value(), name});
}

Result<std::optional<Alias>> FindAlias(sql::Reader& reader, const AccountId& account, const Region& region,
                                       const std::string& name) {
  ALOFT_ASSIGN(auto aliases, ReadAliases(reader.Query("SELECT name, key_id, created, updated FROM kms_aliases WHERE "
                                                      "account = $1 AND region = $2 AND name = $3",
                                                      {account.value(), region.value(), name})));
  if (aliases.empty()) return std::optional<Alias>();
  return std::optional<Alias>(std::move(aliases.front()));
}

Result<std::vector<Alias>> ListAliases(sql::Reader& reader, const AccountId& account, const Region& region,
                                       const std::string& key_id, const std::string& after, std::int64_t limit) {
  return ReadAliases(
      reader.Query("SELECT name, key_id, created, updated FROM kms_aliases WHERE account = $1 AND region = $2 AND "
                   "name > $3 AND (key_id = $4 OR $4 = '') ORDER BY name LIMIT $5",
                   {account.value(), region.value(), after, key_id, limit}));
}

Status InsertGrant(sql::Transaction& t, const Grant& grant) {
  ALOFT_TRY(t.Execute("INSERT INTO kms_grants (id, key_id, retiring, created, document) VALUES ($1, $2, $3, $4, $5)",
                      {grant.id, grant.key_id, grant.retiring, ToMicros(grant.created), Encode(grant)}));
  return {};
}

Result<bool> DeleteGrant(sql::Transaction& t, const std::string& key_id, const std::string& grant_id) {
  return Changed(t, "DELETE FROM kms_grants WHERE key_id = $1 AND id = $2", {key_id, grant_id});
}

Result<std::optional<Grant>> FindGrant(sql::Reader& reader, const std::string& grant_id) {
  ALOFT_ASSIGN(auto grants,
               ReadGrants(reader.Query("SELECT id, key_id, retiring, created, document FROM kms_grants WHERE id = $1",
                                       {grant_id})));
  if (grants.empty()) return std::optional<Grant>();
  return std::optional<Grant>(std::move(grants.front()));
}

Result<std::vector<Grant>> ListGrants(sql::Reader& reader, const std::string& key_id, const std::string& after,
                                      std::int64_t limit) {
  return ReadGrants(
      reader.Query("SELECT id, key_id, retiring, created, document FROM kms_grants WHERE key_id = $1 AND "
                   "id > $2 ORDER BY id LIMIT $3",
                   {key_id, after, limit}));
}

Result<std::vector<Grant>> ListRetirable(sql::Reader& reader, const std::string& principal, const std::string& after,
                                         std::int64_t limit) {
  return ReadGrants(
      reader.Query("SELECT id, key_id, retiring, created, document FROM kms_grants WHERE retiring = $1 AND "
                   "id > $2 ORDER BY id LIMIT $3",
                   {principal, after, limit}));
}

}  // namespace aloft::kms::records
