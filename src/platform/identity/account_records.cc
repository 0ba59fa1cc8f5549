#include "platform/identity/account_records.h"

#include <boost/json/value.hpp>

#include "foundation/codec/json.h"
#include "platform/identity/records_sql.h"

namespace aloft::identity {
namespace {

namespace json = boost::json;

Result<json::object> Parse(const std::string& text) {
  ALOFT_ASSIGN(json::value parsed, codec::ParseJson(text));
  if (!parsed.is_object()) return Fail(kCorrupt, "identity's records are damaged", "document is not an object");
  return std::move(parsed.as_object());
}
std::string Text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}
bool Flag(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->as_bool();
}
std::map<std::string, std::string> Map(const json::object& object, std::string_view name) {
  std::map<std::string, std::string> out;
  if (const json::value* found = object.if_contains(name); found != nullptr && found->is_object())
    for (const auto& [key, value] : found->as_object())
      if (value.is_string()) out[std::string(key)] = value.as_string();
  return out;
}
json::object Show(const std::map<std::string, std::string>& map) {
  json::object out;
  for (const auto& [key, value] : map) out[key] = value;
  return out;
}

Result<AccountRecord> ReadAccount(const sql::Row& row) {
  ALOFT_ASSIGN(const json::object document, Parse(row.Text(4)));
  return AccountRecord{.id = AccountId(row.Text(0)),
                       .name = row.Text(1),
                       .email = Text(document, "email"),
                       .main = row.Int(2) != 0,
                       .closed = Flag(document, "closed"),
                       .unit = Text(document, "unit"),
                       .created = FromMicros(row.Int(3)),
                       .tags = Map(document, "tags")};
}
std::string AccountDocument(const AccountRecord& account) {
  json::object out{{"v", 1}, {"email", account.email}};
  if (account.closed) out["closed"] = true;
  if (!account.unit.empty()) out["unit"] = account.unit;
  if (!account.tags.empty()) out["tags"] = Show(account.tags);
  return codec::WriteJson(out);
}

Result<GuardrailRecord> ReadGuardrail(const sql::Row& row) {
  ALOFT_ASSIGN(const json::object document, Parse(row.Text(4)));
  return GuardrailRecord{.id = row.Text(0),
                         .kind = row.Text(1) == GuardrailText(GuardrailKind::kService) ? GuardrailKind::kService
                                                                                       : GuardrailKind::kResource,
                         .name = row.Text(2),
                         .description = Text(document, "description"),
                         .document = Text(document, "policy"),
                         .created = FromMicros(row.Int(3)),
                         .tags = Map(document, "tags")};
}

constexpr const char* kAccounts = "SELECT account, name, main, created, document FROM identity_accounts";
constexpr const char* kGuardrails = "SELECT id, kind, name, created, document FROM identity_control_policies";

Result<std::vector<std::string>> Column(sql::Reader& reader, std::string_view statement, std::string_view value) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(statement, {std::string(value)}));
  std::vector<std::string> out;
  for (const sql::Row& row : rows) out.push_back(row.Text(0));
  return out;
}

}  // namespace

sql::Migration AccountMigration() {
  return {"identity",
          2,
          {"ALTER TABLE identity_accounts ADD COLUMN document TEXT NOT NULL DEFAULT '{}'",
           "CREATE TABLE identity_organization (id TEXT PRIMARY KEY, document TEXT NOT NULL)",
           "CREATE TABLE identity_control_policies (id TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, "
           "created INTEGER NOT NULL, document TEXT NOT NULL)",
           "CREATE TABLE identity_control_targets (id TEXT NOT NULL, target TEXT NOT NULL, "
           "PRIMARY KEY (target, id))",
           "CREATE INDEX identity_entities_id ON identity_entities (account, id)",
           "CREATE TABLE identity_revoked (id TEXT PRIMARY KEY, expires INTEGER NOT NULL)"}};
}

std::string_view GuardrailText(GuardrailKind kind) {
  return kind == GuardrailKind::kService ? "SERVICE_CONTROL_POLICY" : "RESOURCE_CONTROL_POLICY";
}

const GuardrailRecord& FullAccessGuardrail(GuardrailKind kind) {
  static const GuardrailRecord service{
      .id = "p-FullAWSAccess",
      .kind = GuardrailKind::kService,
      .name = "FullAWSAccess",
      .description = "Allows access to every operation",
      .document = R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})",
      .aws_managed = true};
  static const GuardrailRecord resource{
      .id = "p-RCPFullAWSAccess",
      .kind = GuardrailKind::kResource,
      .name = "RCPFullAWSAccess",
      .description = "Allows access to every resource",
      .document =
          R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]})",
      .aws_managed = true};
  return kind == GuardrailKind::kService ? service : resource;
}

namespace records {

Result<std::optional<AccountId>> MainAccount(sql::Reader& reader) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT account FROM identity_accounts WHERE main = 1"));
  if (rows.empty()) return std::optional<AccountId>();
  return std::optional(AccountId(rows.front().Text(0)));
}

Status InsertAccount(sql::Transaction& t, const AccountRecord& account) {
  return Run(t, "INSERT INTO identity_accounts (account, name, main, created, document) VALUES ($1, $2, $3, $4, $5)",
             {account.id.value(), account.name, std::int64_t{account.main}, ToMicros(account.created),
              AccountDocument(account)});
}

Status UpdateAccount(sql::Transaction& t, const AccountRecord& account) {
  return Run(t, "UPDATE identity_accounts SET name = $2, document = $3 WHERE account = $1",
             {account.id.value(), account.name, AccountDocument(account)});
}

Result<std::optional<AccountRecord>> FindAccount(sql::Reader& reader, const AccountId& account) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kAccounts) + " WHERE account = $1", {account.value()}));
  if (rows.empty()) return std::optional<AccountRecord>();
  ALOFT_ASSIGN(AccountRecord found, ReadAccount(rows.front()));
  return std::optional(std::move(found));
}

Result<std::vector<AccountRecord>> ListAccounts(sql::Reader& reader) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kAccounts) + " ORDER BY account"));
  std::vector<AccountRecord> out;
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(AccountRecord account, ReadAccount(row));
    out.push_back(std::move(account));
  }
  return out;
}

Result<std::optional<OrganizationRecord>> FindOrganization(sql::Reader& reader) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT id, document FROM identity_organization"));
  if (rows.empty()) return std::optional<OrganizationRecord>();
  ALOFT_ASSIGN(const json::object document, Parse(rows.front().Text(1)));
  const json::value* created = document.if_contains("created");
  return std::optional(
      OrganizationRecord{.id = rows.front().Text(0),
                         .root_id = Text(document, "root"),
                         .management = AccountId(Text(document, "management")),
                         .created = FromMicros(created != nullptr && created->is_int64() ? created->as_int64() : 0),
                         .service_control = Flag(document, "service_control"),
                         .resource_control = Flag(document, "resource_control")});
}

Status PutOrganization(sql::Transaction& t, const OrganizationRecord& organization) {
  const json::object document{{"v", 1},
                              {"root", organization.root_id},
                              {"management", organization.management.value()},
                              {"created", ToMicros(organization.created)},
                              {"service_control", organization.service_control},
                              {"resource_control", organization.resource_control}};
  return Run(t,
             "INSERT INTO identity_organization (id, document) VALUES ($1, $2) "
             "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
             {organization.id, codec::WriteJson(document)});
}

Status DeleteOrganization(sql::Transaction& t) {
  for (const char* table :
       {"identity_organization", "identity_control_policies", "identity_control_targets", "identity_units"})
    ALOFT_TRY(t.Execute(std::string("DELETE FROM ") + table));
  return {};
}

Status PutGuardrail(sql::Transaction& t, const GuardrailRecord& guardrail) {
  json::object document{{"v", 1}, {"description", guardrail.description}, {"policy", guardrail.document}};
  if (!guardrail.tags.empty()) document["tags"] = Show(guardrail.tags);
  return Run(t,
             "INSERT INTO identity_control_policies (id, kind, name, created, document) VALUES ($1, $2, $3, $4, $5) "
             "ON CONFLICT (id) DO UPDATE SET name = excluded.name, document = excluded.document",
             {guardrail.id, std::string(GuardrailText(guardrail.kind)), guardrail.name, ToMicros(guardrail.created),
              codec::WriteJson(document)});
}

Status DeleteGuardrail(sql::Transaction& t, std::string_view id) {
  return Run(t, "DELETE FROM identity_control_policies WHERE id = $1", {std::string(id)});
}

Result<std::optional<GuardrailRecord>> FindGuardrail(sql::Reader& reader, std::string_view id) {
  for (const GuardrailKind kind : {GuardrailKind::kService, GuardrailKind::kResource})
    if (id == FullAccessGuardrail(kind).id) return std::optional(FullAccessGuardrail(kind));
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kGuardrails) + " WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return std::optional<GuardrailRecord>();
  ALOFT_ASSIGN(GuardrailRecord found, ReadGuardrail(rows.front()));
  return std::optional(std::move(found));
}

Result<std::vector<GuardrailRecord>> ListGuardrails(sql::Reader& reader, GuardrailKind kind) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query(std::string(kGuardrails) + " WHERE kind = $1 ORDER BY id",
                                                  {std::string(GuardrailText(kind))}));
  std::vector<GuardrailRecord> out{FullAccessGuardrail(kind)};
  for (const sql::Row& row : rows) {
    ALOFT_ASSIGN(GuardrailRecord guardrail, ReadGuardrail(row));
    out.push_back(std::move(guardrail));
  }
  return out;
}

Result<bool> AttachGuardrail(sql::Transaction& t, std::string_view id, std::string_view target) {
  return Changed(t,
                 "INSERT INTO identity_control_targets (id, target) VALUES ($1, $2) "
                 "ON CONFLICT (target, id) DO NOTHING",
                 {std::string(id), std::string(target)});
}

Result<bool> DetachGuardrail(sql::Transaction& t, std::string_view id, std::string_view target) {
  return Changed(t, "DELETE FROM identity_control_targets WHERE id = $1 AND target = $2",
                 {std::string(id), std::string(target)});
}

Result<std::vector<std::string>> ListGuardrailsOf(sql::Reader& reader, std::string_view target) {
  return Column(reader, "SELECT id FROM identity_control_targets WHERE target = $1 ORDER BY id", target);
}

Result<std::vector<std::string>> ListGuardrailTargets(sql::Reader& reader, std::string_view id) {
  return Column(reader, "SELECT target FROM identity_control_targets WHERE id = $1 ORDER BY target", id);
}

Result<std::vector<GuardrailLevel>> GuardrailsOver(sql::Reader& reader, const AccountId& account, GuardrailKind kind) {
  std::vector<GuardrailLevel> out;
  ALOFT_ASSIGN(const auto organization, FindOrganization(reader));
  if (!organization || organization->management == account) return out;
  if (!(kind == GuardrailKind::kService ? organization->service_control : organization->resource_control)) return out;
  ALOFT_ASSIGN(const auto record, FindAccount(reader, account));
  ALOFT_ASSIGN(const auto units, UnitsAbove(reader, record ? record->unit : std::string()));
  std::vector<std::string> targets{organization->root_id};
  for (const UnitRecord& unit : units) targets.push_back(unit.id);
  targets.push_back(account.value());
  for (const std::string& target : targets) {
    GuardrailLevel level{target, {}};
    ALOFT_ASSIGN(const auto ids, ListGuardrailsOf(reader, target));
    for (const std::string& id : ids) {
      ALOFT_ASSIGN(auto guardrail, FindGuardrail(reader, id));
      if (guardrail && guardrail->kind == kind) level.guardrails.push_back(std::move(*guardrail));
    }
    out.push_back(std::move(level));
  }
  return out;
}

Result<std::optional<Entity>> FindById(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                       std::string_view id) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT account, kind, name, path, id, created, document FROM identity_entities "
                            "WHERE account = $1 AND kind = $2 AND id = $3",
                            {account.value(), std::string(KindText(kind)), std::string(id)}));
  if (rows.empty()) return std::optional<Entity>();
  ALOFT_ASSIGN(Entity entity, ReadEntity(rows.front()));
  return std::optional(std::move(entity));
}

Status InsertRevoked(sql::Transaction& t, std::string_view id, Time expires, Time now) {
  // Those that have expired need no revocation any more; so the table stays as small as the tokens that live.
  ALOFT_TRY(t.Execute("DELETE FROM identity_revoked WHERE expires < $1", {ToMicros(now)}));
  return Run(t, "INSERT INTO identity_revoked (id, expires) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
             {std::string(id), ToMicros(expires)});
}

Result<std::set<std::string>> ListRevoked(sql::Reader& reader, Time now) {
  ALOFT_ASSIGN(const sql::Rows rows,
               reader.Query("SELECT id FROM identity_revoked WHERE expires >= $1", {ToMicros(now)}));
  std::set<std::string> out;
  for (const sql::Row& row : rows) out.insert(row.Text(0));
  return out;
}

}  // namespace records
}  // namespace aloft::identity
