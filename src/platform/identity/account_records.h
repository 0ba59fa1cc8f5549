// Accounts, the organization they form, and its guardrails, as SQL. Format: docs/formats/identity.md.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "platform/identity/records.h"

namespace aloft::identity {

// Versions 2 and 3 of the room's schema.
sql::Migration AccountMigration();
sql::Migration UnitMigration();

struct AccountRecord {
  AccountId id{};
  std::string name{};
  std::string email{};
  bool main = false;    // made by the first start; it manages the organization
  bool closed = false;  // nobody of it gets in; its data stays
  std::string unit{};   // ou-..., where it stands; empty: right below the root
  Time created{};
  std::map<std::string, std::string> tags{};
};

// An organizational unit: a level between the root and accounts.
struct UnitRecord {
  std::string id{};      // ou-...
  std::string parent{};  // ou-...; empty: the root
  std::string name{};
  Time created{};
  std::map<std::string, std::string> tags{};
};

// At most one per installation.
struct OrganizationRecord {
  std::string id{};       // o-...
  std::string root_id{};  // r-...
  AccountId management{};
  Time created{};
  bool service_control = false;   // whether service control policies are in force
  bool resource_control = false;  // whether resource control policies are
};

enum class GuardrailKind { kService, kResource };
std::string_view GuardrailText(GuardrailKind kind);  // "SERVICE_CONTROL_POLICY"

struct GuardrailRecord {
  std::string id{};  // p-...
  GuardrailKind kind = GuardrailKind::kService;
  std::string name{};
  std::string description{};
  std::string document{};
  Time created{};
  bool aws_managed = false;
  std::map<std::string, std::string> tags{};
};

// What every target of a kind has from the start: allow everything. AWS's, never stored.
const GuardrailRecord& FullAccessGuardrail(GuardrailKind kind);

// What is attached at one level above an account's principals. Each level must allow by itself.
struct GuardrailLevel {
  std::string target{};  // the root's id, a unit's or the account's
  std::vector<GuardrailRecord> guardrails{};
};

namespace records {

Result<std::optional<AccountId>> MainAccount(sql::Reader& reader);
Status InsertAccount(sql::Transaction& t, const AccountRecord& account);
Status UpdateAccount(sql::Transaction& t, const AccountRecord& account);
Result<std::optional<AccountRecord>> FindAccount(sql::Reader& reader, const AccountId& account);
// By id.
Result<std::vector<AccountRecord>> ListAccounts(sql::Reader& reader);

Result<std::optional<OrganizationRecord>> FindOrganization(sql::Reader& reader);
Status PutOrganization(sql::Transaction& t, const OrganizationRecord& organization);
Status DeleteOrganization(sql::Transaction& t);

Status PutGuardrail(sql::Transaction& t, const GuardrailRecord& guardrail);
Status DeleteGuardrail(sql::Transaction& t, std::string_view id);
// AWS's included.
Result<std::optional<GuardrailRecord>> FindGuardrail(sql::Reader& reader, std::string_view id);
Result<std::vector<GuardrailRecord>> ListGuardrails(sql::Reader& reader, GuardrailKind kind);
// False where it was attached already.
Result<bool> AttachGuardrail(sql::Transaction& t, std::string_view id, std::string_view target);
Result<bool> DetachGuardrail(sql::Transaction& t, std::string_view id, std::string_view target);
// Ids.
Result<std::vector<std::string>> ListGuardrailsOf(sql::Reader& reader, std::string_view target);
Result<std::vector<std::string>> ListGuardrailTargets(sql::Reader& reader, std::string_view id);

Status PutUnit(sql::Transaction& t, const UnitRecord& unit);
Status DeleteUnit(sql::Transaction& t, std::string_view id);
Result<std::optional<UnitRecord>> FindUnit(sql::Reader& reader, std::string_view id);
// By id.
Result<std::vector<UnitRecord>> ListUnits(sql::Reader& reader);
// The way from the root down to the unit, itself included; none for "".
Result<std::vector<UnitRecord>> UnitsAbove(sql::Reader& reader, const std::string& id);

// The root's level, those of the units on the way, then the account's. Empty where none apply: no organization, the
// kind is not enabled, or the account is the one that manages the organization.
Result<std::vector<GuardrailLevel>> GuardrailsOver(sql::Reader& reader, const AccountId& account, GuardrailKind kind);

// By unique id; for what hangs on the id rather than the name.
Result<std::optional<Entity>> FindById(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                       std::string_view id);

// Tokens that were revoked by their id before they expired.
Status InsertRevoked(sql::Transaction& t, std::string_view id, Time expires, Time now);
Result<std::set<std::string>> ListRevoked(sql::Reader& reader, Time now);

}  // namespace records

}  // namespace aloft::identity
