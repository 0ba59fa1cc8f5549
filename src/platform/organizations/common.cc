#include "platform/organizations/common.h"

namespace aloft::organizations {

using identity::OrganizationRecord;

Result<OrganizationRecord> RequireOrganization(sql::Reader& reader) {
  ALOFT_ASSIGN(auto organization, identity::records::FindOrganization(reader));
  if (organization) return std::move(*organization);
  return Fail(kNotInUse, "Your account is not a member of an organization.");
}

Result<OrganizationRecord> RequireManagement(sql::Reader& reader, const identity::Session& session) {
  ALOFT_ASSIGN(OrganizationRecord organization, RequireOrganization(reader));
  if (organization.management == session.account) return organization;
  return Fail(kNotManagement, "You don't have permissions to access this resource.");
}

std::string ArnOf(const OrganizationRecord& organization, std::string_view kind, std::string_view id) {
  std::string out =
      "arn:aws:organizations::" + organization.management.value() + ":" + std::string(kind) + "/" + organization.id;
  return id.empty() ? out : out.append("/").append(id);
}

shapes::organizations::Root ShowRoot(const OrganizationRecord& organization) {
  shapes::organizations::Root out;
  out.id = organization.root_id;
  out.arn = ArnOf(organization, "root", organization.root_id);
  out.name = "Root";
  out.policy_types.emplace();
  for (const auto& [kind, enabled] : {std::pair(identity::GuardrailKind::kService, organization.service_control),
                                      std::pair(identity::GuardrailKind::kResource, organization.resource_control)})
    if (enabled) out.policy_types->push_back({.type = std::string(identity::GuardrailText(kind)), .status = "ENABLED"});
  return out;
}

shapes::organizations::Account ShowAccount(const OrganizationRecord& organization,
                                           const identity::AccountRecord& account) {
  shapes::organizations::Account out;
  out.id = account.id.value();
  out.arn = ArnOf(organization, "account", account.id.value());
  out.email = account.email;
  out.name = account.name;
  out.status = account.closed ? "SUSPENDED" : "ACTIVE";
  out.state = account.closed ? "CLOSED" : "ACTIVE";
  out.joined_method = account.main ? "INVITED" : "CREATED";
  out.joined_timestamp = account.main ? organization.created : account.created;
  return out;
}

std::string NewId(Random& random, std::string_view prefix, std::size_t count) {
  return std::string(prefix) + random.Text(count, "abcdefghijklmnopqrstuvwxyz0123456789");
}

}  // namespace aloft::organizations
