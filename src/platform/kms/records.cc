#include "platform/kms/records.h"

#include <boost/json/value.hpp>

#include "foundation/codec/json.h"

namespace aloft::kms {
namespace {

const std::vector<sql::Migration>& All() {
  static const std::vector<sql::Migration> migrations = {
      {"kms",
       1,
       {"CREATE TABLE kms_keys (id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, state TEXT NOT NULL, "
        "created INTEGER NOT NULL, deletion INTEGER NOT NULL, next_rotation INTEGER NOT NULL, document TEXT NOT NULL) "
        "STRICT",
        "CREATE INDEX kms_keys_of ON kms_keys (account, region, id)",
        "CREATE TABLE kms_material (key_id TEXT NOT NULL, version INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT "
        "NULL, created INTEGER NOT NULL, sealed BLOB NOT NULL, public_key BLOB NOT NULL, PRIMARY KEY (key_id, "
        "version)) "
        "STRICT",
        "CREATE TABLE kms_aliases (account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, key_id TEXT NOT "
        "NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, PRIMARY KEY (account, region, name)) STRICT",
        "CREATE INDEX kms_aliases_of ON kms_aliases (key_id)",
        "CREATE TABLE kms_grants (id TEXT PRIMARY KEY, key_id TEXT NOT NULL, retiring TEXT NOT NULL, created INTEGER "
        "NOT NULL, document TEXT NOT NULL) STRICT",
        "CREATE INDEX kms_grants_of ON kms_grants (key_id, id)",
        "CREATE INDEX kms_grants_retiring ON kms_grants (retiring, id)"}}};
  return migrations;
}

constexpr std::string_view kKeyColumns = "id, account, region, state, created, deletion, next_rotation, document";

std::string Concat(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out.append(part);
  return out;
}

// Version 1: absent members have the defaults of Key.
std::string Encode(const Key& key) {
  std::string out;
  codec::JsonWriter json(out);
  json.BeginObject().Key("v").Int(1).Key("usage").String(key.usage).Key("spec").String(key.spec);
  json.Key("policy").String(key.policy);
  if (!key.description.empty()) json.Key("description").String(key.description);
  if (key.managed) json.Key("managed").Bool(true);
  if (key.rotation_days != 365) json.Key("rotation_days").Int(key.rotation_days);
  if (key.window_days != 0) json.Key("window_days").Int(key.window_days);
  if (!key.tags.empty()) {
    json.Key("tags").BeginObject();
    for (const auto& [name, value] : key.tags) json.Key(name).String(value);
    json.EndObject();
  }
  json.EndObject();
  return out;
}

Error Damaged() {
  return Fail(kCorrupt, "The key service's records are damaged.", "a document is not what it should be");
}

void ReadMap(const boost::json::value& value, std::map<std::string, std::string>& out) {
  if (!value.is_object()) return;
  for (const auto& [name, text] : value.as_object())
    if (text.is_string()) out[std::string(name)] = text.as_string();
}

Result<Key> ReadKey(const sql::Row& row) {
  Key key;
  key.id = row.Text(0);
  key.account = AccountId(row.Text(1));
  key.region = Region(row.Text(2));
  key.state = row.Text(3);
  key.created = FromMicros(row.Int(4));
  key.deletion = FromMicros(row.Int(5));
  key.next_rotation = FromMicros(row.Int(6));
  ALOFT_ASSIGN(const boost::json::value json, codec::ParseJson(row.Text(7)));
  if (!json.is_object()) return Damaged();
  const auto text = [&](const char* name, std::string& out) {
    if (const auto* value = json.as_object().if_contains(name); value != nullptr && value->is_string())
      out = value->as_string();
  };
  const auto number = [&](const char* name, std::int64_t& out) {
    if (const auto* value = json.as_object().if_contains(name); value != nullptr && value->is_int64())
      out = value->as_int64();
  };
  text("usage", key.usage);
  text("spec", key.spec);
  text("policy", key.policy);
  text("description", key.description);
  number("rotation_days", key.rotation_days);
  number("window_days", key.window_days);
  key.managed = json.as_object().contains("managed");
  if (const auto* tags = json.as_object().if_contains("tags")) ReadMap(*tags, key.tags);
  return key;
}

Result<std::vector<Key>> ReadKeys(Result<sql::Rows> rows) {
  if (!rows.ok()) return std::move(rows).error();
  std::vector<Key> out;
  for (const sql::Row& row : *rows) {
    ALOFT_ASSIGN(Key key, ReadKey(row));
    out.push_back(std::move(key));
  }
  return out;
}

Result<std::vector<std::string>> ReadIds(Result<sql::Rows> rows) {
  if (!rows.ok()) return std::move(rows).error();
  std::vector<std::string> out;
  for (const sql::Row& row : *rows) out.push_back(row.Text(0));
  return out;
}

Status Run(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_TRY(t.Execute(statement, values));
  return {};
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  return All();
}

std::string Key::Arn() const {
  return "arn:aws:kms:" + region.value() + ":" + account.value() + ":key/" + id;
}

namespace records {

Status InsertKey(sql::Transaction& t, const Key& key) {
  return Run(
      t,
      "INSERT INTO kms_keys (id, account, region, state, created, deletion, next_rotation, document) VALUES ($1, "
      "$2, $3, $4, $5, $6, $7, $8)",
      {key.id, key.account.value(), key.region.value(), key.state, ToMicros(key.created), ToMicros(key.deletion),
       ToMicros(key.next_rotation), Encode(key)});
}

Status UpdateKey(sql::Transaction& t, const Key& key) {
  return Run(t, "UPDATE kms_keys SET state = $2, deletion = $3, next_rotation = $4, document = $5 WHERE id = $1",
             {key.id, key.state, ToMicros(key.deletion), ToMicros(key.next_rotation), Encode(key)});
}

Status DestroyKey(sql::Transaction& t, const std::string& id) {
  ALOFT_TRY(t.Execute("DELETE FROM kms_material WHERE key_id = $1", {id}));
  ALOFT_TRY(t.Execute("DELETE FROM kms_aliases WHERE key_id = $1", {id}));
  ALOFT_TRY(t.Execute("DELETE FROM kms_grants WHERE key_id = $1", {id}));
  return Run(t, "DELETE FROM kms_keys WHERE id = $1", {id});
}

Result<std::optional<Key>> FindKey(sql::Reader& reader, const std::string& id) {
  ALOFT_ASSIGN(auto keys,
               ReadKeys(reader.Query(Concat({"SELECT ", kKeyColumns, " FROM kms_keys WHERE id = $1"}), {id})));
  if (keys.empty()) return std::optional<Key>();
  return std::optional<Key>(std::move(keys.front()));
}

Result<std::vector<Key>> ListKeys(sql::Reader& reader, const AccountId& account, const Region& region,
                                  const std::string& after, std::int64_t limit) {
  return ReadKeys(
      reader.Query(Concat({"SELECT ", kKeyColumns,
                           " FROM kms_keys WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4"}),
                   {account.value(), region.value(), after, limit}));
}

Result<std::vector<std::string>> DueForDeletion(sql::Reader& reader, Time now, std::int64_t limit) {
  return ReadIds(
      reader.Query("SELECT id FROM kms_keys WHERE state = 'PendingDeletion' AND deletion <= $1 ORDER BY id LIMIT $2",
                   {ToMicros(now), limit}));
}

Result<std::vector<std::string>> DueForRotation(sql::Reader& reader, Time now, std::int64_t limit) {
  return ReadIds(
      reader.Query("SELECT id FROM kms_keys WHERE state = 'Enabled' AND next_rotation > 0 AND next_rotation <= $1 "
                   "ORDER BY id LIMIT $2",
                   {ToMicros(now), limit}));
}

Status InsertMaterial(sql::Transaction& t, const std::string& key_id, const MaterialRecord& material) {
  return Run(
      t,
      "INSERT INTO kms_material (key_id, version, id, kind, created, sealed, public_key) VALUES ($1, $2, $3, $4, "
      "$5, $6, $7)",
      {key_id, std::int64_t{material.version}, material.id, material.kind, ToMicros(material.created),
       sql::Bytes{material.sealed}, sql::Bytes{material.public_key}});
}

Result<std::optional<MaterialRecord>> FindMaterial(sql::Reader& reader, const std::string& key_id,
                                                   std::uint32_t version) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT version, id, kind, created, sealed, public_key FROM kms_material WHERE key_id = $1 "
                            "AND (version = $2 OR $2 = 0) ORDER BY version DESC LIMIT 1",
                            {key_id, std::int64_t{version}}));
  if (rows.empty()) return std::optional<MaterialRecord>();
  const sql::Row& row = rows.front();
  return std::optional<MaterialRecord>(MaterialRecord{static_cast<std::uint32_t>(row.Int(0)), row.Text(1), row.Text(2),
                                                      FromMicros(row.Int(3)), row.Blob(4), row.Blob(5)});
}

Result<std::vector<MaterialRecord>> ListMaterial(sql::Reader& reader, const std::string& key_id) {
  ALOFT_ASSIGN(
      const sql::Rows rows,
      reader.Query("SELECT version, id, kind, created FROM kms_material WHERE key_id = $1 ORDER BY version", {key_id}));
  std::vector<MaterialRecord> out;
  for (const sql::Row& row : rows)
    out.push_back({static_cast<std::uint32_t>(row.Int(0)), row.Text(1), row.Text(2), FromMicros(row.Int(3)), {}, {}});
  return out;
}

}  // namespace records
}  // namespace aloft::kms
