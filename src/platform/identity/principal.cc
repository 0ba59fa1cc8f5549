#include "foundation/base/bytes.h"
#include "platform/identity/aws_managed/aws_managed.h"
#include "platform/identity/state.h"

namespace aloft::identity {
namespace {

// A stored policy was checked when it was written. One that cannot be read now must not widen what its holder may do by
// its absence, so it makes the principal unreadable.
Status Add(PrincipalPolicies& out, std::string name, const std::string& document) {
  ALOFT_ASSIGN(auto policy, Policy::Parse(document, PolicyUse::kIdentity));
  out.identity.push_back({std::move(name), std::move(policy)});
  return {};
}

Status AddPoliciesOf(sql::Reader& reader, const Entity& owner, PrincipalPolicies& out) {
  const std::string of = std::string(" of ") + std::string(KindText(owner.kind)) + " " + owner.name;
  ALOFT_ASSIGN(const auto inlined, records::ListInline(reader, owner));
  for (const auto& [name, document] : inlined) ALOFT_TRY(Add(out, "inline policy " + name + of, document));
  ALOFT_ASSIGN(const auto attached, records::ListAttached(reader, owner));
  for (const std::string& arn : attached) {
    ALOFT_ASSIGN(const auto document, ManagedDocument(reader, owner.account, arn));
    if (document) ALOFT_TRY(Add(out, arn + of, *document));
  }
  return {};
}

Result<std::shared_ptr<const Principal>> Load(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                              const std::string& name) {
  ALOFT_ASSIGN(auto entity, records::Find(reader, account, kind, name));
  if (!entity) return std::shared_ptr<const Principal>();
  auto out = std::make_shared<Principal>();
  out->entity = std::move(*entity);
  ALOFT_TRY(AddPoliciesOf(reader, out->entity, out->policies));
  if (kind == EntityKind::kUser) {
    ALOFT_ASSIGN(const auto groups, records::ListGroupsOf(reader, out->entity));
    for (const Entity& group : groups) ALOFT_TRY(AddPoliciesOf(reader, group, out->policies));
  }
  if (!out->entity.boundary.empty()) {
    ALOFT_ASSIGN(const auto document, ManagedDocument(reader, account, out->entity.boundary));
    // A boundary that is gone allows nothing.
    ALOFT_ASSIGN(auto boundary, Policy::Parse(document.value_or(R"({"Version": "2012-10-17", "Statement": [
                                 {"Effect": "Deny", "Action": "*", "Resource": "*"}]})"),
                                              PolicyUse::kIdentity));
    out->policies.boundary = NamedPolicy{out->entity.boundary, std::move(boundary)};
  }
  if (kind == EntityKind::kRole) {
    ALOFT_ASSIGN(out->trust, Policy::Parse(out->entity.trust, PolicyUse::kTrust));
  }
  return std::shared_ptr<const Principal>(std::move(out));
}

}  // namespace

Result<std::optional<std::string>> ManagedDocument(sql::Reader& reader, const AccountId& account,
                                                   std::string_view policy_arn) {
  if (const AwsManagedPolicy* policy = FindAwsManagedPolicy(policy_arn))
    return std::optional(std::string(policy->document));
  const auto name = ParseEntityArn(policy_arn, EntityKind::kPolicy);
  if (!name || name->account != account) return std::optional<std::string>();
  ALOFT_ASSIGN(const auto entity, records::Find(reader, account, EntityKind::kPolicy, name->name));
  if (!entity || entity->Arn() != policy_arn) return std::optional<std::string>();
  ALOFT_ASSIGN(const auto versions, records::ListVersions(reader, *entity));
  for (const PolicyVersionRecord& version : versions)
    if (version.is_default) return std::optional(version.document);
  return std::optional<std::string>();
}

Result<std::shared_ptr<const Principal>> FindPrincipal(Service::State& state, const AccountId& account, EntityKind kind,
                                                       const std::string& name) {
  const std::string key = account.value() + "/" + std::string(KindText(kind)) + "/" + ToLower(name);
  return state.principals.Get(
      key, [&] { return state.database.Read([&](sql::Reader& reader) { return Load(reader, account, kind, name); }); });
}

}  // namespace aloft::identity
