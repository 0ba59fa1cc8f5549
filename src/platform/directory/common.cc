#include "platform/directory/common.h"

#include "foundation/base/bytes.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/uri.h"

namespace aloft::directory {
namespace {

using namespace identity;  // NOLINT(google-build-using-namespace): the vocabulary of the room below

std::string Word(EntityKind kind) {
  return kind == EntityKind::kInstanceProfile ? "Instance Profile" : std::string(KindText(kind));
}

std::string Capital(std::string word) {
  word[0] = static_cast<char>(word[0] - 'a' + 'A');
  return word;
}

struct Quota {
  const char* name;
  std::int64_t most;
};
Quota QuotaOf(EntityKind kind) {
  switch (kind) {
    case EntityKind::kUser: return {"UsersPerAccount", 5000};
    case EntityKind::kGroup: return {"GroupsPerAccount", 300};
    case EntityKind::kRole: return {"RolesPerAccount", 1000};
    case EntityKind::kPolicy: return {"PoliciesPerAccount", 1500};
    case EntityKind::kInstanceProfile: return {"InstanceProfilesPerAccount", 1000};
  }
  return {"", 0};
}

}  // namespace

Result<Paging> Paging::Of(const std::optional<std::string>& marker, const std::optional<std::int32_t>& max_items) {
  Paging out;
  out.page.limit = max_items.value_or(100);
  if (out.page.limit < 1 || out.page.limit > 1000)
    return Fail(kValidation, "Value at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000");
  if (marker && !marker->empty()) {
    auto key = codec::Base64UrlDecode(*marker);
    if (!key) return Fail(kValidation, "Invalid Marker.");
    out.page.marker = std::move(*key);
  }
  return out;
}

std::string EncodeMarker(std::string_view key) {
  return codec::Base64UrlEncode(key);
}

Result<Entity> Require(sql::Reader& reader, const AccountId& account, EntityKind kind, std::string_view name) {
  ALOFT_ASSIGN(auto entity, records::Find(reader, account, kind, name));
  if (entity) return std::move(*entity);
  if (kind == EntityKind::kInstanceProfile)
    return Fail(kNoSuchEntity, "Instance Profile " + std::string(name) + " cannot be found.");
  return Fail(kNoSuchEntity, "The " + Word(kind) + " with name " + std::string(name) + " cannot be found.");
}

Status InsertNew(sql::Transaction& t, const Entity& entity) {
  // Asked first rather than learned from the broken constraint, which ends a PostgreSQL transaction.
  ALOFT_ASSIGN(const auto taken, records::Find(t, entity.account, entity.kind, entity.name));
  if (taken) {
    if (entity.kind == EntityKind::kPolicy)
      return Fail(kEntityAlreadyExists,
                  "A policy called " + entity.name + " already exists. Duplicate names are not allowed.");
    if (entity.kind == EntityKind::kInstanceProfile)
      return Fail(kEntityAlreadyExists, "Instance Profile " + entity.name + " already exists.");
    return Fail(kEntityAlreadyExists, Capital(Word(entity.kind)) + " with name " + entity.name + " already exists.");
  }
  const Quota quota = QuotaOf(entity.kind);
  ALOFT_ASSIGN(const std::int64_t count, records::Count(t, entity.account, entity.kind));
  if (count >= quota.most)
    return Fail(kLimitExceeded,
                std::string("Cannot exceed quota for ") + quota.name + ": " + std::to_string(quota.most));
  return records::Insert(t, entity);
}

Result<Cut<Entity>> ListPage(Service::State& state, const AccountId& account, EntityKind kind,
                             const std::optional<std::string>& path_prefix, const std::optional<std::string>& marker,
                             const std::optional<std::int32_t>& max_items) {
  ALOFT_ASSIGN(const Paging paging, Paging::Of(marker, max_items));
  Page page = paging.page;
  ++page.limit;  // one more tells whether there is more
  ALOFT_ASSIGN(auto entities, state.database.Read([&](sql::Reader& reader) {
    return records::List(reader, account, kind, path_prefix.value_or("/"), page);
  }));
  return CutPage(std::move(entities), paging.page, [](const Entity& entity) { return ToLower(entity.name); });
}

Status RequireManaged(sql::Reader& reader, const AccountId& account, std::string_view policy_arn) {
  if (!IsAwsManagedArn(policy_arn) && !ParseEntityArn(policy_arn, EntityKind::kPolicy))
    return Fail(kValidation, "ARN " + std::string(policy_arn) + " is not valid.");
  ALOFT_ASSIGN(const auto document, ManagedDocument(reader, account, policy_arn));
  if (document) return {};
  return Fail(kNoSuchEntity, "Policy " + std::string(policy_arn) + " does not exist or is not attachable.");
}

Result<Tags> ReadTags(const std::optional<std::vector<shapes::iam::Tag>>& tags) {
  Tags out;
  std::map<std::string, bool> seen;
  for (const auto& tag : tags.value_or(std::vector<shapes::iam::Tag>())) {
    if (!seen.emplace(ToLower(tag.key.value_or("")), true).second)
      return Fail(kInvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
    out[tag.key.value_or("")] = tag.value.value_or("");
  }
  if (out.size() > 50) return Fail(kLimitExceeded, "Cannot exceed quota for TagsPerResource: 50");
  return out;
}

std::optional<std::vector<shapes::iam::Tag>> ShowTags(const Tags& tags) {
  if (tags.empty()) return std::nullopt;
  std::vector<shapes::iam::Tag> out;
  for (const auto& [key, value] : tags) out.push_back({.key = key, .value = value});
  return out;
}

std::optional<shapes::iam::AttachedPermissionsBoundary> ShowBoundary(const Entity& entity) {
  if (entity.boundary.empty()) return std::nullopt;
  return shapes::iam::AttachedPermissionsBoundary{.permissions_boundary_type = "Policy",
                                                  .permissions_boundary_arn = entity.boundary};
}

shapes::iam::User ShowUser(const Entity& user) {
  return {.path = user.path,
          .user_name = user.name,
          .user_id = user.id,
          .arn = user.Arn(),
          .create_date = user.created,
          .permissions_boundary = ShowBoundary(user),
          .tags = ShowTags(user.tags)};
}

std::string ShowDocument(std::string_view document) {
  return codec::PercentEncode(document);
}

std::size_t PolicySize(std::string_view document) {
  std::size_t size = 0;
  for (const char c : document) size += c != ' ' && c != '\n' && c != '\t' && c != '\r' ? 1 : 0;
  return size;
}

Result<std::string> UserNameOr(const std::optional<std::string>& name, const Session& session) {
  if (name) return *name;
  if (session.kind == PrincipalKind::kUser && !session.user_name.empty()) return session.user_name;
  return Fail(kValidation, "Must specify userName when calling with non-User credentials");
}

}  // namespace aloft::directory
