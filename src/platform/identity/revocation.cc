#include "foundation/base/bytes.h"
#include "platform/identity/state.h"

namespace aloft::identity {
namespace {

// One that cannot be read must not open what it closes: its account is refused everything.
Result<std::vector<std::vector<NamedPolicy>>> Compile(sql::Reader& reader, const AccountId& account,
                                                      GuardrailKind kind) {
  ALOFT_ASSIGN(const auto levels, records::GuardrailsOver(reader, account, kind));
  std::vector<std::vector<NamedPolicy>> out;
  for (const GuardrailLevel& level : levels) {
    if (level.guardrails.empty()) continue;
    out.emplace_back();
    for (const GuardrailRecord& guardrail : level.guardrails) {
      ALOFT_ASSIGN(auto policy,
                   Policy::Parse(guardrail.document,
                                 kind == GuardrailKind::kService ? PolicyUse::kIdentity : PolicyUse::kResource));
      out.back().push_back({guardrail.name + " (" + guardrail.id + ") on " + level.target, std::move(policy)});
    }
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const AccountFacts>> FindAccountFacts(Service::State& state, const AccountId& account) {
  return state.accounts.Get(account.value(), [&] {
    return state.database.Read([&](sql::Reader& reader) -> Result<std::shared_ptr<const AccountFacts>> {
      ALOFT_ASSIGN(auto record, records::FindAccount(reader, account));
      if (!record) return std::shared_ptr<const AccountFacts>();
      auto out = std::make_shared<AccountFacts>();
      out->record = std::move(*record);
      ALOFT_ASSIGN(const auto organization, records::FindOrganization(reader));
      if (organization) {
        out->placement = {organization->id, organization->id + "/" + organization->root_id + "/"};
        ALOFT_ASSIGN(const auto units, records::UnitsAbove(reader, out->record.unit));
        for (const UnitRecord& unit : units) out->placement.path.append(unit.id).append("/");
      }
      ALOFT_ASSIGN(out->guardrails.service_control, Compile(reader, account, GuardrailKind::kService));
      ALOFT_ASSIGN(out->guardrails.resource_control, Compile(reader, account, GuardrailKind::kResource));
      return std::shared_ptr<const AccountFacts>(std::move(out));
    });
  });
}

Result<std::shared_ptr<const Guardrails>> FindGuardrails(Service::State& state, const AccountId& account) {
  ALOFT_ASSIGN(auto facts, FindAccountFacts(state, account));
  if (facts == nullptr) return std::make_shared<const Guardrails>();  // of another installation, under no organization
  return std::shared_ptr<const Guardrails>(facts, &facts->guardrails);
}

PlacementOf PlacementIn(Service::State& state) {
  return [&state](const std::string& account) -> Result<Placement> {
    ALOFT_ASSIGN(const auto facts, FindAccountFacts(state, AccountId(account)));
    return facts == nullptr ? Placement{} : facts->placement;
  };
}

Status CheckOpen(Service::State& state, const Session& session) {
  ALOFT_ASSIGN(const auto facts, FindAccountFacts(state, session.account));
  if (facts != nullptr && facts->record.closed)
    return Fail(kInvalidToken, "The security token included in the request is invalid", "its account is closed");
  if (session.id.empty()) return {};
  ALOFT_ASSIGN(const auto revoked, state.revoked.Get("all", [&] {
    return state.database.Read([&](sql::Reader& reader) -> Result<std::shared_ptr<const std::set<std::string>>> {
      ALOFT_ASSIGN(auto ids, records::ListRevoked(reader, state.clock.Now()));
      return std::make_shared<const std::set<std::string>>(std::move(ids));
    });
  }));
  if (revoked->contains(session.id)) return Fail(kInvalidToken, "The token was revoked");
  return {};
}

Status Service::RevokeToken(const Session& caller, const Session& token) const {
  if (token.id.empty() || token.account != caller.account)
    return Fail(kInvalidInput, "The token cannot be revoked: it is not one of this account's, or too old");
  return state_->Write(token.account, [&](sql::Transaction& t) {
    return records::InsertRevoked(t, token.id, token.expires, state_->clock.Now());
  });
}

Status Service::RevokeRoleSessions(const Session& caller, std::string_view role_name) const {
  return state_->Write(caller.account, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(auto role, records::Find(t, caller.account, EntityKind::kRole, role_name));
    if (!role) return Fail(kNoSuchEntity, "The role with name " + std::string(role_name) + " cannot be found.");
    role->revoked_before = state_->clock.Now();
    return records::Update(t, role->name, *role);
  });
}

}  // namespace aloft::identity
