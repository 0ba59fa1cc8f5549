// What an organization sets over its accounts: service control policies over who acts, resource control policies over
// what is acted upon. Attached to every account at once, or to one. Format: docs/formats/identity.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::identity {

enum class GuardrailKind { kServiceControl, kResourceControl };
std::string_view GuardrailText(GuardrailKind kind);  // "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"

// The target that stands for the organization's root, which is over every account but the main one.
inline constexpr std::string_view kEveryAccount = "root";

// One attachment. A policy that is attached to several targets is several of these.
struct Guardrail {
  std::string target{};  // kEveryAccount, or an account id
  GuardrailKind kind = GuardrailKind::kServiceControl;
  std::string id{};    // p-...
  std::string name{};  // for people
  std::string document{};
};

// The room's second schema; Migrations() holds it.
sql::Migration GuardrailMigration();

namespace records {

// Replaces an attachment of the same target, kind and id. kMalformedPolicyDocument.
Status PutGuardrail(sql::Transaction& t, const Guardrail& guardrail);
Result<bool> DeleteGuardrail(sql::Transaction& t, std::string_view target, GuardrailKind kind, std::string_view id);
// By id.
Result<std::vector<Guardrail>> ListGuardrails(sql::Reader& reader, std::string_view target, GuardrailKind kind);

}  // namespace records

}  // namespace aloft::identity
