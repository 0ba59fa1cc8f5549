#include "platform/organizations/units.h"

#include "foundation/base/bytes.h"
#include "platform/organizations/common.h"

namespace aloft::organizations {

namespace org = shapes::organizations;
using identity::AccountRecord;
using identity::GuardrailKind;
using identity::OrganizationRecord;
using identity::Session;
using identity::UnitRecord;

namespace {

// AWS's limits.
constexpr std::size_t kMostUnits = 2'000, kMostLevels = 5;

org::OrganizationalUnit Show(const OrganizationRecord& organization, const UnitRecord& unit) {
  return {.id = unit.id, .arn = ArnOf(organization, "ou", unit.id), .name = unit.name};
}

Result<UnitRecord> RequireUnit(sql::Reader& reader, const std::optional<std::string>& id) {
  ALOFT_ASSIGN(auto unit, identity::records::FindUnit(reader, id.value_or("")));
  if (unit) return std::move(*unit);
  return Fail(kUnitNotFound, "You specified an organizational unit that doesn't exist.");
}

// What the records call it: "" for the root.
Result<std::string> RequireParent(sql::Reader& reader, const OrganizationRecord& organization,
                                  const std::optional<std::string>& id, const Reason& otherwise) {
  if (id == organization.root_id) return std::string();
  ALOFT_ASSIGN(const auto unit, identity::records::FindUnit(reader, id.value_or("")));
  if (unit) return unit->id;
  return Fail(otherwise, "You specified a parent that doesn't exist.");
}

Result<std::vector<UnitRecord>> UnitsIn(sql::Reader& reader, const std::string& parent) {
  ALOFT_ASSIGN(auto units, identity::records::ListUnits(reader));
  std::erase_if(units, [&](const UnitRecord& unit) { return unit.parent != parent; });
  return units;
}

Result<std::vector<AccountRecord>> AccountsIn(sql::Reader& reader, const std::string& parent) {
  ALOFT_ASSIGN(auto accounts, identity::records::ListAccounts(reader));
  std::erase_if(accounts, [&](const AccountRecord& account) { return account.unit != parent; });
  return accounts;
}

Status CheckName(sql::Reader& reader, const std::string& parent, const std::string& name, const std::string& id) {
  ALOFT_ASSIGN(const auto units, UnitsIn(reader, parent));
  for (const UnitRecord& other : units)
    if (other.id != id && EqualsIgnoreCase(other.name, name))
      return Fail(kDuplicateUnit, "An OU with the same name already exists.");
  return {};
}

}  // namespace

Result<org::CreateOrganizationalUnitResponse> Units::CreateOrganizationalUnit(
    const Session& session, const org::CreateOrganizationalUnitRequest& in) {
  UnitRecord made{.name = in.name.value_or(""), .created = state_.clock.Now()};
  for (const org::Tag& tag : in.tags.value_or(std::vector<org::Tag>()))
    made.tags[tag.key.value_or("")] = tag.value.value_or("");
  const std::string drawn = NewId(state_.random, "-", 8);
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::CreateOrganizationalUnitResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    UnitRecord unit = made;
    ALOFT_ASSIGN(unit.parent, RequireParent(t, organization, in.parent_id, kParentNotFound));
    ALOFT_ASSIGN(const auto above, identity::records::UnitsAbove(t, unit.parent));
    if (above.size() >= kMostLevels) return Fail(kConstraint, "You have exceeded the depth of the OU tree.");
    ALOFT_ASSIGN(const auto all, identity::records::ListUnits(t));
    if (all.size() >= kMostUnits) return Fail(kConstraint, "You have exceeded the number of OUs in an organization.");
    ALOFT_TRY(CheckName(t, unit.parent, unit.name, ""));
    unit.id = "ou-" + organization.root_id.substr(2) + drawn;
    ALOFT_TRY(identity::records::PutUnit(t, unit));
    for (const auto& [kind, enabled] : {std::pair(GuardrailKind::kService, organization.service_control),
                                        std::pair(GuardrailKind::kResource, organization.resource_control)})
      if (enabled) ALOFT_TRY(identity::records::AttachGuardrail(t, identity::FullAccessGuardrail(kind).id, unit.id));
    return org::CreateOrganizationalUnitResponse{.organizational_unit = Show(organization, unit)};
  });
}

Result<org::UpdateOrganizationalUnitResponse> Units::UpdateOrganizationalUnit(
    const Session& session, const org::UpdateOrganizationalUnitRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Result<org::UpdateOrganizationalUnitResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(UnitRecord unit, RequireUnit(t, in.organizational_unit_id));
    if (in.name) unit.name = *in.name;
    ALOFT_TRY(CheckName(t, unit.parent, unit.name, unit.id));
    ALOFT_TRY(identity::records::PutUnit(t, unit));
    return org::UpdateOrganizationalUnitResponse{.organizational_unit = Show(organization, unit)};
  });
}

Status Units::DeleteOrganizationalUnit(const Session& session, const org::DeleteOrganizationalUnitRequest& in) {
  return state_.Write(session.account, [&](sql::Transaction& t) -> Status {
    ALOFT_TRY(RequireManagement(t, session));
    ALOFT_ASSIGN(const UnitRecord unit, RequireUnit(t, in.organizational_unit_id));
    ALOFT_ASSIGN(const auto units, UnitsIn(t, unit.id));
    ALOFT_ASSIGN(const auto accounts, AccountsIn(t, unit.id));
    if (!units.empty() || !accounts.empty()) return Fail(kUnitNotEmpty, "The specified OU is not empty.");
    return identity::records::DeleteUnit(t, unit.id);
  });
}

Result<org::DescribeOrganizationalUnitResponse> Units::DescribeOrganizationalUnit(
    const Session& session, const org::DescribeOrganizationalUnitRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::DescribeOrganizationalUnitResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const UnitRecord unit, RequireUnit(reader, in.organizational_unit_id));
    return org::DescribeOrganizationalUnitResponse{.organizational_unit = Show(organization, unit)};
  });
}

Result<org::ListOrganizationalUnitsForParentResponse> Units::ListOrganizationalUnitsForParent(
    const Session& session, const org::ListOrganizationalUnitsForParentRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListOrganizationalUnitsForParentResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const std::string parent, RequireParent(reader, organization, in.parent_id, kParentNotFound));
    ALOFT_ASSIGN(const auto units, UnitsIn(reader, parent));
    org::ListOrganizationalUnitsForParentResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(units.size(), in.next_token, in.max_results, out));
    out.organizational_units.emplace();
    for (std::size_t i = page.first; i < page.second; ++i)
      out.organizational_units->push_back(Show(organization, units[i]));
    return out;
  });
}

Status Units::MoveAccount(const Session& session, const org::MoveAccountRequest& in) {
  return state_.Write(AccountId(in.account_id.value_or("")), [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(t, session));
    ALOFT_ASSIGN(auto account, identity::records::FindAccount(t, AccountId(in.account_id.value_or(""))));
    if (!account) return Fail(kAccountNotFound, "You specified an account that doesn't exist.");
    ALOFT_ASSIGN(const std::string from, RequireParent(t, organization, in.source_parent_id, kSourceNotFound));
    ALOFT_ASSIGN(const std::string to, RequireParent(t, organization, in.destination_parent_id, kDestinationNotFound));
    if (account->unit != from) return Fail(kSourceNotFound, "The account is not in the specified source parent.");
    if (from == to) return Fail(kDuplicateAccount, "The account is already in the specified destination parent.");
    account->unit = to;
    return identity::records::UpdateAccount(t, *account);
  });
}

Result<org::ListAccountsForParentResponse> Units::ListAccountsForParent(const Session& session,
                                                                        const org::ListAccountsForParentRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListAccountsForParentResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const std::string parent, RequireParent(reader, organization, in.parent_id, kParentNotFound));
    ALOFT_ASSIGN(const auto accounts, AccountsIn(reader, parent));
    org::ListAccountsForParentResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(accounts.size(), in.next_token, in.max_results, out));
    out.accounts.emplace();
    for (std::size_t i = page.first; i < page.second; ++i)
      out.accounts->push_back(ShowAccount(organization, accounts[i]));
    return out;
  });
}

Result<org::ListParentsResponse> Units::ListParents(const Session& session, const org::ListParentsRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListParentsResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const auto account, identity::records::FindAccount(reader, AccountId(in.child_id.value_or(""))));
    ALOFT_ASSIGN(const auto unit, identity::records::FindUnit(reader, in.child_id.value_or("")));
    if (!account && !unit) return Fail(kChildNotFound, "You specified a child that doesn't exist.");
    const std::string& parent = account ? account->unit : unit->parent;
    org::Parent shown{.id = parent, .type = "ORGANIZATIONAL_UNIT"};
    if (parent.empty()) shown = {.id = organization.root_id, .type = "ROOT"};
    return org::ListParentsResponse{.parents = std::vector<org::Parent>{std::move(shown)}};
  });
}

Result<org::ListChildrenResponse> Units::ListChildren(const Session& session, const org::ListChildrenRequest& in) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<org::ListChildrenResponse> {
    ALOFT_ASSIGN(const OrganizationRecord organization, RequireManagement(reader, session));
    ALOFT_ASSIGN(const std::string parent, RequireParent(reader, organization, in.parent_id, kParentNotFound));
    const std::string type = in.child_type.value_or("");
    std::vector<std::string> ids;
    if (type == "ACCOUNT") {
      ALOFT_ASSIGN(const auto accounts, AccountsIn(reader, parent));
      for (const AccountRecord& account : accounts) ids.push_back(account.id.value());
    } else {
      ALOFT_ASSIGN(const auto units, UnitsIn(reader, parent));
      for (const UnitRecord& unit : units) ids.push_back(unit.id);
    }
    org::ListChildrenResponse out;
    ALOFT_ASSIGN(const auto page, PageOf(ids.size(), in.next_token, in.max_results, out));
    out.children.emplace();
    for (std::size_t i = page.first; i < page.second; ++i) out.children->push_back({.id = ids[i], .type = type});
    return out;
  });
}

}  // namespace aloft::organizations
