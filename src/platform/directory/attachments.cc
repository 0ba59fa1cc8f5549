#include <algorithm>

#include "foundation/base/bytes.h"
#include "platform/directory/common.h"

namespace aloft::directory {
namespace {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below

constexpr std::size_t kMaxAttached = 10;

std::size_t InlineQuota(EntityKind kind) {
  return kind == EntityKind::kUser ? 2048 : kind == EntityKind::kGroup ? 5120 : 10240;
}

const char* AttachQuota(EntityKind kind) {
  return kind == EntityKind::kUser    ? "PoliciesPerUser"
         : kind == EntityKind::kGroup ? "PoliciesPerGroup"
                                      : "PoliciesPerRole";
}

Error NoInline(EntityKind kind, const std::string& policy_name) {
  return Fail(kNoSuchEntity,
              "The " + std::string(KindText(kind)) + " policy with name " + policy_name + " cannot be found.");
}

// Roles that belong to a service change by the service's doing only.
Result<Entity> RequireModifiable(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                 const std::string& name) {
  ALOFT_ASSIGN(Entity owner, Require(reader, account, kind, name));
  if (kind == EntityKind::kRole && owner.path.starts_with("/aws-service-role/"))
    return Fail(kUnmodifiableEntity, "Cannot perform the operation on the protected role '" + owner.name +
                                         "' - this role is only modifiable by AWS");
  return owner;
}

std::string_view NameOfPolicy(std::string_view arn) {
  return arn.substr(arn.rfind('/') + 1);
}
std::string_view PathOfPolicy(std::string_view arn) {
  const std::size_t start = arn.find(":policy/");
  return start == std::string_view::npos ? std::string_view("/") : arn.substr(start + 7, arn.rfind('/') - start - 6);
}

}  // namespace

Status Attachments::PutInline(const std::string& policy_name, const std::string& document) {
  ALOFT_TRY(Policy::Parse(document, PolicyUse::kIdentity));
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity owner, RequireModifiable(t, account_, kind_, name_));
    ALOFT_ASSIGN(const auto existing, records::ListInline(t, owner));
    std::size_t size = PolicySize(document);
    for (const auto& [name, text] : existing) size += name == policy_name ? 0 : PolicySize(text);
    if (size > InlineQuota(kind_))
      return Fail(kLimitExceeded, "Maximum policy size of " + std::to_string(InlineQuota(kind_)) +
                                      " bytes exceeded for " + std::string(KindText(kind_)) + " " + owner.name);
    return records::PutInline(t, owner, policy_name, document);
  });
}

Result<std::string> Attachments::GetInline(const std::string& policy_name) {
  return state_.database.Read([&](sql::Reader& reader) -> Result<std::string> {
    ALOFT_ASSIGN(const Entity owner, Require(reader, account_, kind_, name_));
    ALOFT_ASSIGN(const auto policies, records::ListInline(reader, owner));
    for (const auto& [name, document] : policies)
      if (name == policy_name) return document;
    return NoInline(kind_, policy_name);
  });
}

Status Attachments::DeleteInline(const std::string& policy_name) {
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity owner, RequireModifiable(t, account_, kind_, name_));
    ALOFT_ASSIGN(const bool deleted, records::DeleteInline(t, owner, policy_name));
    if (!deleted) return NoInline(kind_, policy_name);
    return {};
  });
}

Result<Cut<std::string>> Attachments::ListInline(const std::optional<std::string>& marker,
                                                 const std::optional<std::int32_t>& max_items) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(marker, max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<Cut<std::string>> {
    ALOFT_ASSIGN(const Entity owner, Require(reader, account_, kind_, name_));
    ALOFT_ASSIGN(const auto policies, records::ListInline(reader, owner));
    std::vector<std::string> names;
    for (const auto& policy : policies) names.push_back(policy.first);
    return CutPage(std::move(names), paging.page, [](const std::string& name) { return name; });
  });
}

Status Attachments::Attach(const std::string& policy_arn) {
  const Time now = state_.clock.Now();
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity owner, RequireModifiable(t, account_, kind_, name_));
    ALOFT_TRY(RequireManaged(t, account_, policy_arn));
    ALOFT_ASSIGN(const auto attached, records::ListAttached(t, owner));
    if (std::find(attached.begin(), attached.end(), policy_arn) != attached.end()) return {};
    if (attached.size() >= kMaxAttached)
      return Fail(kLimitExceeded,
                  std::string("Cannot exceed quota for ") + AttachQuota(kind_) + ": " + std::to_string(kMaxAttached));
    ALOFT_TRY(records::Attach(t, owner, policy_arn, now));
    return {};
  });
}

Status Attachments::Detach(const std::string& policy_arn) {
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(const Entity owner, RequireModifiable(t, account_, kind_, name_));
    ALOFT_ASSIGN(const bool detached, records::Detach(t, owner, policy_arn));
    if (!detached) return Fail(kNoSuchEntity, "Policy " + policy_arn + " was not found.");
    return {};
  });
}

Result<Cut<shapes::iam::AttachedPolicy>> Attachments::ListAttached(const std::optional<std::string>& path_prefix,
                                                                   const std::optional<std::string>& marker,
                                                                   const std::optional<std::int32_t>& max_items) {
  using shapes::iam::AttachedPolicy;
  ALOFT_ASSIGN(const Paging paging, Paging::Of(marker, max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<Cut<AttachedPolicy>> {
    ALOFT_ASSIGN(const Entity owner, Require(reader, account_, kind_, name_));
    ALOFT_ASSIGN(const auto attached, records::ListAttached(reader, owner));
    std::vector<AttachedPolicy> out;
    for (const std::string& arn : attached)
      if (PathOfPolicy(arn).starts_with(path_prefix.value_or("/")))
        out.push_back({.policy_name = std::string(NameOfPolicy(arn)), .policy_arn = arn});
    return CutPage(std::move(out), paging.page, [](const AttachedPolicy& policy) { return *policy.policy_arn; });
  });
}

Status Attachments::SetBoundary(const std::string& policy_arn) {
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity owner, RequireModifiable(t, account_, kind_, name_));
    if (policy_arn.empty() && owner.boundary.empty())
      return Fail(kNoSuchEntity,
                  std::string(KindText(kind_)) + " " + owner.name + " does not have a permissions boundary");
    if (!policy_arn.empty()) ALOFT_TRY(RequireManaged(t, account_, policy_arn));
    owner.boundary = policy_arn;
    return records::Update(t, owner.name, owner);
  });
}

Status Attachments::Tag(const std::optional<std::vector<shapes::iam::Tag>>& tags) {
  ALOFT_ASSIGN(const Tags added, ReadTags(tags));
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity owner, Require(t, account_, kind_, name_));
    for (const auto& [key, value] : added) {
      // Keys are kept as written and compared without case.
      std::erase_if(owner.tags, [&](const auto& tag) { return EqualsIgnoreCase(tag.first, key); });
      owner.tags[key] = value;
    }
    if (owner.tags.size() > 50) return Fail(kLimitExceeded, "Cannot exceed quota for TagsPerResource: 50");
    return records::Update(t, owner.name, owner);
  });
}

Status Attachments::Untag(const std::vector<std::string>& keys) {
  return state_.Write(account_, [&](sql::Transaction& t) -> Status {
    ALOFT_ASSIGN(Entity owner, Require(t, account_, kind_, name_));
    for (const std::string& key : keys)
      std::erase_if(owner.tags, [&](const auto& tag) { return EqualsIgnoreCase(tag.first, key); });
    return records::Update(t, owner.name, owner);
  });
}

Result<Cut<shapes::iam::Tag>> Attachments::ListTags(const std::optional<std::string>& marker,
                                                    const std::optional<std::int32_t>& max_items) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(marker, max_items));
  return state_.database.Read([&](sql::Reader& reader) -> Result<Cut<shapes::iam::Tag>> {
    ALOFT_ASSIGN(const Entity owner, Require(reader, account_, kind_, name_));
    return CutPage(ShowTags(owner.tags).value_or(std::vector<shapes::iam::Tag>()), paging.page,
                   [](const shapes::iam::Tag& tag) { return *tag.key; });
  });
}

}  // namespace aloft::directory
