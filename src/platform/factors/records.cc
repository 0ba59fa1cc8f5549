#include "platform/factors/records.h"

#include <boost/json/value.hpp>

#include "foundation/codec/json.h"

namespace aloft::factors {
namespace {

namespace json = boost::json;

Status Run(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_TRY(t.Execute(statement, values));
  return {};
}
Result<bool> Changed(sql::Transaction& t, std::string_view statement, const sql::Values& values) {
  ALOFT_ASSIGN(const std::int64_t rows, t.Execute(statement, values));
  return rows > 0;
}
Result<json::object> Parse(const std::string& text) {
  ALOFT_ASSIGN(json::value parsed, codec::ParseJson(text));
  if (!parsed.is_object()) return Fail(kCorrupt, "the records of factors are damaged", "document is not an object");
  return std::move(parsed.as_object());
}
std::int64_t Number(const json::object& object, std::string_view name, std::int64_t otherwise = 0) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->as_int64() : otherwise;
}
bool Flag(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}

constexpr const char* kDevices =
    "SELECT account, serial, owner, seed, last_step, created, document FROM factors_devices WHERE account = $1";

Result<Device> ReadDevice(const sql::Row& row) {
  ALOFT_ASSIGN(const json::object document, Parse(row.Text(6)));
  Device out{.account = AccountId(row.Text(0)),
             .serial = row.Text(1),
             .owner = row.Text(2),
             .sealed_seed = row.Blob(3),
             .created = FromMicros(row.Int(5)),
             .enabled = FromMicros(Number(document, "enabled")),
             .drift = Number(document, "drift"),
             .last_step = row.Int(4)};
  if (const json::value* tags = document.if_contains("tags"); tags != nullptr && tags->is_object())
    for (const auto& [key, value] : tags->as_object())
      if (value.is_string()) out.tags[std::string(key)] = value.as_string();
  return out;
}

Result<std::vector<Device>> ReadDevices(const sql::Rows& rows) {
  std::vector<Device> out;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(Device device, ReadDevice(row));
    out.push_back(std::move(device));
  }
  return out;
}

}  // namespace

std::span<const sql::Migration> Migrations() {
  static const std::vector<sql::Migration> migrations = {
      {"factors",
       1,
       {"CREATE TABLE factors_devices (account TEXT NOT NULL, serial TEXT NOT NULL, owner TEXT NOT NULL, "
        "seed BLOB NOT NULL, last_step INTEGER NOT NULL, created INTEGER NOT NULL, document TEXT NOT NULL, "
        "PRIMARY KEY (account, serial))",
        "CREATE INDEX factors_devices_owner ON factors_devices (account, owner)",
        "CREATE TABLE factors_logins (account TEXT NOT NULL, owner TEXT NOT NULL, hash BLOB NOT NULL, "
        "created INTEGER NOT NULL, changed INTEGER NOT NULL, last_used INTEGER NOT NULL, reset INTEGER NOT NULL, "
        "PRIMARY KEY (account, owner))",
        "CREATE TABLE factors_old_passwords (account TEXT NOT NULL, owner TEXT NOT NULL, place INTEGER NOT NULL, "
        "hash BLOB NOT NULL, PRIMARY KEY (account, owner, place))",
        "CREATE TABLE factors_password_policies (account TEXT PRIMARY KEY, document TEXT NOT NULL)",
        "CREATE TABLE factors_aliases (alias TEXT PRIMARY KEY, account TEXT NOT NULL)",
        "CREATE INDEX factors_aliases_account ON factors_aliases (account)"}}};
  return migrations;
}

namespace records {

Status PutDevice(sql::Transaction& t, const Device& device) {
  json::object document{{"v", 1}};
  if (device.enabled != Time{}) document["enabled"] = ToMicros(device.enabled);
  if (device.drift != 0) document["drift"] = device.drift;
  if (!device.tags.empty()) {
    json::object tags;
    for (const auto& [key, value] : device.tags) tags[key] = value;
    document["tags"] = std::move(tags);
  }
  return Run(t,
             "INSERT INTO factors_devices (account, serial, owner, seed, last_step, created, document) "
             "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, serial) DO UPDATE SET owner = excluded.owner, "
             "last_step = excluded.last_step, document = excluded.document",
             {device.account.value(), device.serial, device.owner, sql::Bytes{device.sealed_seed}, device.last_step,
              ToMicros(device.created), codec::WriteJson(document)});
}

Status DeleteDevice(sql::Transaction& t, const AccountId& account, std::string_view serial) {
  return Run(t, "DELETE FROM factors_devices WHERE account = $1 AND serial = $2",
             {account.value(), std::string(serial)});
}

Result<std::optional<Device>> FindDevice(sql::Reader& reader, const AccountId& account, std::string_view serial) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query(std::string(kDevices) + " AND serial = $2", {account.value(), std::string(serial)}));
  if (rows.empty()) return std::optional<Device>();
  ALOFT_ASSIGN(Device device, ReadDevice(rows.front()));
  return std::optional(std::move(device));
}

Result<std::vector<Device>> ListDevices(sql::Reader& reader, const AccountId& account) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kDevices) + " ORDER BY serial", {account.value()}));
  return ReadDevices(rows);
}

Result<std::vector<Device>> ListDevicesOf(sql::Reader& reader, const AccountId& account, std::string_view owner) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kDevices) + " AND owner = $2 ORDER BY serial",
                                                  {account.value(), std::string(owner)}));
  return ReadDevices(rows);
}

Status PutLogin(sql::Transaction& t, const Login& login) {
  const sql::Values owner{login.account.value(), login.owner};
  ALOFT_TRY(Run(t,
                "INSERT INTO factors_logins (account, owner, hash, created, changed, last_used, reset) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, owner) DO UPDATE SET hash = excluded.hash, "
                "changed = excluded.changed, last_used = excluded.last_used, reset = excluded.reset",
                {login.account.value(), login.owner, sql::Bytes{login.sealed_hash}, ToMicros(login.created),
                 ToMicros(login.changed), ToMicros(login.last_used), std::int64_t{login.reset_required}}));
  ALOFT_TRY(Run(t, "DELETE FROM factors_old_passwords WHERE account = $1 AND owner = $2", owner));
  std::int64_t place = 0;
  for (const std::string& hash : login.sealed_history)
    ALOFT_TRY(Run(t, "INSERT INTO factors_old_passwords (account, owner, place, hash) VALUES ($1, $2, $3, $4)",
                  {login.account.value(), login.owner, place++, sql::Bytes{hash}}));
  return {};
}

Status SetLoginUsed(sql::Transaction& t, const AccountId& account, std::string_view owner, Time when) {
  return Run(t, "UPDATE factors_logins SET last_used = $3 WHERE account = $1 AND owner = $2",
             {account.value(), std::string(owner), ToMicros(when)});
}

Result<bool> DeleteLogin(sql::Transaction& t, const AccountId& account, std::string_view owner) {
  const sql::Values values{account.value(), std::string(owner)};
  ALOFT_TRY(Run(t, "DELETE FROM factors_old_passwords WHERE account = $1 AND owner = $2", values));
  return Changed(t, "DELETE FROM factors_logins WHERE account = $1 AND owner = $2", values);
}

Result<std::optional<Login>> FindLogin(sql::Reader& reader, const AccountId& account, std::string_view owner) {
  const sql::Values values{account.value(), std::string(owner)};
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT hash, created, changed, last_used, reset FROM factors_logins "
                                                  "WHERE account = $1 AND owner = $2",
                                                  values));
  if (rows.empty()) return std::optional<Login>();
  const sql::Row& row = rows.front();
  Login out{.account = account,
            .owner = std::string(owner),
            .sealed_hash = row.Blob(0),
            .created = FromMicros(row.Int(1)),
            .changed = FromMicros(row.Int(2)),
            .last_used = FromMicros(row.Int(3)),
            .reset_required = row.Int(4) != 0};
  ALOFT_ASSIGN(const sql::Rows old, reader.Query("SELECT hash FROM factors_old_passwords WHERE account = $1 AND "
                                                 "owner = $2 ORDER BY place",
                                                 values));
  for (const sql::Row& each : old) out.sealed_history.push_back(each.Blob(0));
  return std::optional(std::move(out));
}

Result<PasswordPolicy> FindPasswordPolicy(sql::Reader& reader, const AccountId& account) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT document FROM factors_password_policies WHERE account = $1", {account.value()}));
  if (rows.empty()) return PasswordPolicy{};
  ALOFT_ASSIGN(const json::object document, Parse(rows.front().Text(0)));
  return PasswordPolicy{.custom = true,
                        .minimum_length = static_cast<std::int32_t>(Number(document, "minimum_length", 6)),
                        .symbols = Flag(document, "symbols"),
                        .numbers = Flag(document, "numbers"),
                        .uppercase = Flag(document, "uppercase"),
                        .lowercase = Flag(document, "lowercase"),
                        .users_may_change = Flag(document, "users_may_change"),
                        .max_age_days = static_cast<std::int32_t>(Number(document, "max_age_days")),
                        .reuse_prevention = static_cast<std::int32_t>(Number(document, "reuse_prevention")),
                        .hard_expiry = Flag(document, "hard_expiry")};
}

Status PutPasswordPolicy(sql::Transaction& t, const AccountId& account, const PasswordPolicy& policy) {
  const json::object document{{"v", 1},
                              {"minimum_length", policy.minimum_length},
                              {"symbols", policy.symbols},
                              {"numbers", policy.numbers},
                              {"uppercase", policy.uppercase},
                              {"lowercase", policy.lowercase},
                              {"users_may_change", policy.users_may_change},
                              {"max_age_days", policy.max_age_days},
                              {"reuse_prevention", policy.reuse_prevention},
                              {"hard_expiry", policy.hard_expiry}};
  return Run(t,
             "INSERT INTO factors_password_policies (account, document) VALUES ($1, $2) "
             "ON CONFLICT (account) DO UPDATE SET document = excluded.document",
             {account.value(), codec::WriteJson(document)});
}

Result<bool> DeletePasswordPolicy(sql::Transaction& t, const AccountId& account) {
  return Changed(t, "DELETE FROM factors_password_policies WHERE account = $1", {account.value()});
}

Result<std::optional<std::string>> FindAlias(sql::Reader& reader, const AccountId& account) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT alias FROM factors_aliases WHERE account = $1", {account.value()}));
  if (rows.empty()) return std::optional<std::string>();
  return std::optional(rows.front().Text(0));
}

Result<std::optional<AccountId>> FindAliasOwner(sql::Reader& reader, std::string_view alias) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT account FROM factors_aliases WHERE alias = $1", {std::string(alias)}));
  if (rows.empty()) return std::optional<AccountId>();
  return std::optional(AccountId(rows.front().Text(0)));
}

Status PutAlias(sql::Transaction& t, const AccountId& account, std::string_view alias) {
  ALOFT_TRY(Run(t, "DELETE FROM factors_aliases WHERE account = $1", {account.value()}));
  return Run(t, "INSERT INTO factors_aliases (alias, account) VALUES ($1, $2)", {std::string(alias), account.value()});
}

Result<bool> DeleteAlias(sql::Transaction& t, const AccountId& account, std::string_view alias) {
  return Changed(t, "DELETE FROM factors_aliases WHERE account = $1 AND alias = $2",
                 {account.value(), std::string(alias)});
}

}  // namespace records
}  // namespace aloft::factors
