#include "platform/identity/guardrails.h"

#include "platform/identity/records_sql.h"
#include "platform/identity/state.h"

namespace aloft::identity {
namespace {

PolicyUse UseOf(GuardrailKind kind) {
  return kind == GuardrailKind::kServiceControl ? PolicyUse::kIdentity : PolicyUse::kResource;
}

// A stored guardrail that cannot be read must not open what it closes: its account is refused everything.
Result<std::vector<std::vector<NamedPolicy>>> Levels(sql::Reader& reader, const AccountId& account,
                                                     GuardrailKind kind) {
  std::vector<std::vector<NamedPolicy>> out;
  for (const std::string_view target : {kEveryAccount, std::string_view(account.value())}) {
    ALOFT_ASSIGN(const auto attached, records::ListGuardrails(reader, target, kind));
    if (attached.empty()) continue;
    std::vector<NamedPolicy>& level = out.emplace_back();
    for (const Guardrail& guardrail : attached) {
      ALOFT_ASSIGN(auto policy, Policy::Parse(guardrail.document, UseOf(kind)));
      level.push_back({guardrail.id + " " + guardrail.name, std::move(policy)});
    }
  }
  return out;
}

}  // namespace

std::string_view GuardrailText(GuardrailKind kind) {
  return kind == GuardrailKind::kServiceControl ? "SERVICE_CONTROL_POLICY" : "RESOURCE_CONTROL_POLICY";
}

sql::Migration GuardrailMigration() {
  return {"identity_guardrails",
          1,
          {"CREATE TABLE identity_guardrails (target TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, "
           "name TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (target, kind, id))"}};
}

Result<std::shared_ptr<const Guardrails>> FindGuardrails(Service::State& state, const AccountId& account) {
  return state.guardrails.Get(account.value(), [&] {
    return state.database.Read([&](sql::Reader& reader) -> Result<std::shared_ptr<const Guardrails>> {
      auto out = std::make_shared<Guardrails>();
      ALOFT_ASSIGN(const auto main, records::MainAccount(reader));
      if (main == account) return std::shared_ptr<const Guardrails>(std::move(out));
      ALOFT_ASSIGN(out->service_control, Levels(reader, account, GuardrailKind::kServiceControl));
      ALOFT_ASSIGN(out->resource_control, Levels(reader, account, GuardrailKind::kResourceControl));
      return std::shared_ptr<const Guardrails>(std::move(out));
    });
  });
}

namespace records {

Status PutGuardrail(sql::Transaction& t, const Guardrail& guardrail) {
  ALOFT_TRY(Policy::Parse(guardrail.document, UseOf(guardrail.kind)));
  return Run(
      t,
      "INSERT INTO identity_guardrails (target, kind, id, name, document) VALUES ($1, $2, $3, $4, $5) "
      "ON CONFLICT (target, kind, id) DO UPDATE SET name = excluded.name, document = excluded.document",
      {guardrail.target, std::string(GuardrailText(guardrail.kind)), guardrail.id, guardrail.name, guardrail.document});
}

Result<bool> DeleteGuardrail(sql::Transaction& t, std::string_view target, GuardrailKind kind, std::string_view id) {
  return Changed(t, "DELETE FROM identity_guardrails WHERE target = $1 AND kind = $2 AND id = $3",
                 {std::string(target), std::string(GuardrailText(kind)), std::string(id)});
}

Result<std::vector<Guardrail>> ListGuardrails(sql::Reader& reader, std::string_view target, GuardrailKind kind) {
  ALOFT_ASSIGN(const sql::Rows rows, reader.Query("SELECT target, id, name, document FROM identity_guardrails "
                                                  "WHERE target = $1 AND kind = $2 ORDER BY id",
                                                  {std::string(target), std::string(GuardrailText(kind))}));
  std::vector<Guardrail> out;
  for (const sql::Row& row : rows) out.push_back({row.Text(0), kind, row.Text(1), row.Text(2), row.Text(3)});
  return out;
}

}  // namespace records

}  // namespace aloft::identity
