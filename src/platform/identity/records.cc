#include "platform/identity/records.h"

#include <boost/json/value.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "platform/identity/account_records.h"
#include "platform/identity/records_sql.h"

namespace aloft::identity {
namespace {

constexpr std::string_view kEntityColumns = "account, kind, name, path, id, created, document";

// Version 1 of the document: absent members have the defaults of Entity.
std::string EncodeDocument(const Entity& entity) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("v").Int(1);
  if (!entity.description.empty()) json.Key("description").String(entity.description);
  if (!entity.trust.empty()) json.Key("trust").String(entity.trust);
  if (!entity.boundary.empty()) json.Key("boundary").String(entity.boundary);
  if (!entity.role.empty()) json.Key("role").String(entity.role);
  if (entity.max_session_seconds != 3600) json.Key("max_session").Int(entity.max_session_seconds);
  if (entity.next_version != 1) json.Key("next_version").Int(entity.next_version);
  if (entity.updated != Time{}) json.Key("updated").Int(ToMicros(entity.updated));
  if (entity.revoked_before != Time{}) json.Key("revoked_before").Int(ToMicros(entity.revoked_before));
  const auto map = [&](std::string_view name, const std::map<std::string, std::string>& values) {
    if (values.empty()) return;
    json.Key(name).BeginObject();
    for (const auto& [key, value] : values) json.Key(key).String(value);
    json.EndObject();
  };
  map("tags", entity.tags);
  map("trust_ids", entity.trust_ids);
  json.EndObject();
  return out;
}

Status DecodeDocument(std::string_view text, Entity& out) {
  ALOFT_ASSIGN(const boost::json::value json, codec::ParseJson(text));
  if (!json.is_object()) return Fail(kCorrupt, "identity's records are damaged", "document is not an object");
  for (const auto& [name, value] : json.as_object()) {
    const bool text_value = value.is_string();
    if (name == "description" && text_value)
      out.description = value.as_string();
    else if (name == "trust" && text_value)
      out.trust = value.as_string();
    else if (name == "boundary" && text_value)
      out.boundary = value.as_string();
    else if (name == "role" && text_value)
      out.role = value.as_string();
    else if (name == "max_session" && value.is_int64())
      out.max_session_seconds = value.as_int64();
    else if (name == "next_version" && value.is_int64())
      out.next_version = value.as_int64();
    else if (name == "updated" && value.is_int64())
      out.updated = FromMicros(value.as_int64());
    else if (name == "revoked_before" && value.is_int64())
      out.revoked_before = FromMicros(value.as_int64());
    else if ((name == "tags" || name == "trust_ids") && value.is_object())
      for (const auto& [key, item] : value.as_object())
        if (item.is_string()) (name == "tags" ? out.tags : out.trust_ids)[std::string(key)] = item.as_string();
  }
  return {};
}

}  // namespace

namespace records {

std::optional<EntityKind> ParseKind(std::string_view text) {
  for (const EntityKind kind :
       {EntityKind::kUser, EntityKind::kGroup, EntityKind::kRole, EntityKind::kPolicy, EntityKind::kInstanceProfile})
    if (KindText(kind) == text) return kind;
  return std::nullopt;
}

Result<Entity> ReadEntity(const sql::Row& row) {
  Entity out;
  out.account = AccountId(row.Text(0));
  const auto kind = ParseKind(row.Text(1));
  if (!kind) return Fail(kCorrupt, "identity's records are damaged", "unknown kind " + row.Text(1));
  out.kind = *kind;
  out.name = row.Text(2);
  out.path = row.Text(3);
  out.id = row.Text(4);
  out.created = FromMicros(row.Int(5));
  ALOFT_TRY(DecodeDocument(row.Text(6), out));
  return out;
}

Result<std::vector<Entity>> ReadEntities(const sql::Rows& rows) {
  std::vector<Entity> out;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Entity entity, ReadEntity(row));
    out.push_back(std::move(entity));
  }
  return out;
}

}  // namespace records

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {
          "identity",
          1,
          {
              "CREATE TABLE identity_accounts (account TEXT PRIMARY KEY, name TEXT NOT NULL, main INTEGER NOT NULL, "
              "created INTEGER NOT NULL)",
              "CREATE TABLE identity_entities (account TEXT NOT NULL, kind TEXT NOT NULL, name_key TEXT NOT NULL, "
              "name TEXT NOT NULL, path TEXT NOT NULL, id TEXT NOT NULL, created INTEGER NOT NULL, "
              "document TEXT NOT NULL, PRIMARY KEY (account, kind, name_key))",
              "CREATE TABLE identity_inline (account TEXT NOT NULL, kind TEXT NOT NULL, name_key TEXT NOT NULL, "
              "policy TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (account, kind, name_key, policy))",
              "CREATE TABLE identity_attached (account TEXT NOT NULL, kind TEXT NOT NULL, name_key TEXT NOT NULL, "
              "policy_arn TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (account, kind, name_key, policy_arn))",
              "CREATE INDEX identity_attached_policy ON identity_attached (account, policy_arn)",
              "CREATE TABLE identity_members (account TEXT NOT NULL, group_key TEXT NOT NULL, user_key TEXT NOT NULL, "
              "PRIMARY KEY (account, group_key, user_key))",
              "CREATE INDEX identity_members_user ON identity_members (account, user_key)",
              "CREATE TABLE identity_versions (account TEXT NOT NULL, name_key TEXT NOT NULL, version INTEGER NOT "
              "NULL, "
              "is_default INTEGER NOT NULL, created INTEGER NOT NULL, document TEXT NOT NULL, "
              "PRIMARY KEY (account, name_key, version))",
              "CREATE TABLE identity_keys (id TEXT PRIMARY KEY, account TEXT NOT NULL, user_key TEXT NOT NULL, "
              "user_name TEXT NOT NULL, active INTEGER NOT NULL, created INTEGER NOT NULL, secret BLOB NOT NULL, "
              "last_used INTEGER NOT NULL, last_service TEXT NOT NULL, last_region TEXT NOT NULL)",
              "CREATE INDEX identity_keys_user ON identity_keys (account, user_key)",
          },
      },
      AccountMigration(),
      UnitMigration()};
  return migrations;
}

std::string_view KindText(EntityKind kind) {
  switch (kind) {
    case EntityKind::kUser: return "user";
    case EntityKind::kGroup: return "group";
    case EntityKind::kRole: return "role";
    case EntityKind::kPolicy: return "policy";
    case EntityKind::kInstanceProfile: return "instance-profile";
  }
  return "";
}

std::string Entity::Arn() const {
  return "arn:aws:iam::" + account.value() + ":" + std::string(KindText(kind)) + path + name;
}

namespace records {

Result<std::optional<Entity>> Find(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                   std::string_view name) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT " + std::string(kEntityColumns) +
                                                      " FROM identity_entities WHERE account = $1 AND kind = $2 AND "
                                                      "name_key = $3",
                                                  {account.value(), std::string(KindText(kind)), Key(name)}));
  if (rows.empty()) return std::optional<Entity>();
  ALOFT_ASSIGN(Entity entity, ReadEntity(rows.front()));
  return std::optional(std::move(entity));
}

Status Insert(sql::Transaction& t, const Entity& entity) {
  return Run(
      t,
      "INSERT INTO identity_entities (account, kind, name_key, name, path, id, created, document) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      With(Owner(entity), {entity.name, entity.path, entity.id, ToMicros(entity.created), EncodeDocument(entity)}));
}

Status Update(sql::Transaction& t, std::string_view old_name, const Entity& entity) {
  sql::Values values = Owner(entity);
  values[2] = Key(old_name);
  ALOFT_TRY(Run(t,
                "UPDATE identity_entities SET name_key = $4, name = $5, path = $6, document = $7 "
                "WHERE account = $1 AND kind = $2 AND name_key = $3",
                With(values, {Key(entity.name), entity.name, entity.path, EncodeDocument(entity)})));
  if (Key(old_name) == Key(entity.name)) return {};
  for (const char* table : {"identity_inline", "identity_attached"})
    ALOFT_TRY(
        Run(t, std::string("UPDATE ") + table + " SET name_key = $4 WHERE account = $1 AND kind = $2 AND name_key = $3",
            With(values, {Key(entity.name)})));
  if (entity.kind == EntityKind::kUser) {
    const sql::Values user{entity.account.value(), Key(old_name), Key(entity.name)};
    ALOFT_TRY(Run(t, "UPDATE identity_members SET user_key = $3 WHERE account = $1 AND user_key = $2", user));
    ALOFT_TRY(Run(t, "UPDATE identity_keys SET user_key = $3, user_name = $4 WHERE account = $1 AND user_key = $2",
                  With(user, {entity.name})));
  }
  if (entity.kind == EntityKind::kGroup)
    ALOFT_TRY(Run(t, "UPDATE identity_members SET group_key = $3 WHERE account = $1 AND group_key = $2",
                  {entity.account.value(), Key(old_name), Key(entity.name)}));
  return {};
}

Status Delete(sql::Transaction& t, const AccountId& account, EntityKind kind, std::string_view name) {
  const sql::Values owner{account.value(), std::string(KindText(kind)), Key(name)};
  for (const char* table : {"identity_entities", "identity_inline", "identity_attached"})
    ALOFT_TRY(
        Run(t, std::string("DELETE FROM ") + table + " WHERE account = $1 AND kind = $2 AND name_key = $3", owner));
  const sql::Values named{account.value(), Key(name)};
  if (kind == EntityKind::kUser) {
    ALOFT_TRY(Run(t, "DELETE FROM identity_members WHERE account = $1 AND user_key = $2", named));
    ALOFT_TRY(Run(t, "DELETE FROM identity_keys WHERE account = $1 AND user_key = $2", named));
  }
  if (kind == EntityKind::kGroup)
    ALOFT_TRY(Run(t, "DELETE FROM identity_members WHERE account = $1 AND group_key = $2", named));
  if (kind == EntityKind::kPolicy)
    ALOFT_TRY(Run(t, "DELETE FROM identity_versions WHERE account = $1 AND name_key = $2", named));
  return {};
}

Result<std::vector<Entity>> List(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                 std::string_view path_prefix, const Page& page) {
  ALOFT_ASSIGN(
      const sql::Rows rows,
      reader.Query("SELECT " + std::string(kEntityColumns) +
                       " FROM identity_entities WHERE account = $1 AND kind = $2 AND name_key > $3 AND "
                       "substr(path, 1, length($4)) = $4 ORDER BY name_key LIMIT $5",
                   {account.value(), std::string(KindText(kind)), page.marker, std::string(path_prefix), page.limit}));
  return ReadEntities(rows);
}

Result<std::int64_t> Count(sql::Reader& reader, const AccountId& account, EntityKind kind) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT count(*) FROM identity_entities WHERE account = $1 AND kind = $2",
                            {account.value(), std::string(KindText(kind))}));
  return rows.front().Int(0);
}

}  // namespace records
}  // namespace aloft::identity
