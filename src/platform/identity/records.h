// What identity stores, as SQL. Format: docs/formats/identity.md. Names are unique without regard to case, as IAM's
// are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"

namespace aloft::identity {

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

// The topic under which each change of the directory is announced; the key is the account.
inline constexpr std::string_view kChangesTopic = "identity.changes";

enum class EntityKind { kUser, kGroup, kRole, kPolicy, kInstanceProfile };
std::string_view KindText(EntityKind kind);  // "user", "instance-profile"

// A user, group, role, managed policy or instance profile.
struct Entity {
  AccountId account{};
  EntityKind kind = EntityKind::kUser;
  std::string name{};
  std::string path = "/";
  std::string id{};  // AIDA..., AGPA..., AROA..., ANPA..., AIPA...
  Time created{};

  // The document.
  std::string description{};
  std::string trust{};     // of a role: its trust policy
  std::string boundary{};  // ARN of the permissions boundary
  std::string role{};      // of an instance profile: its role's name
  std::int64_t max_session_seconds = 3600;
  std::int64_t next_version = 1;  // of a policy: the number that the next version gets
  Time updated{};
  std::map<std::string, std::string> tags{};
  // Of a role: the ids that the users and roles named by its trust had when it was written. A new one of the same name
  // is somebody else.
  std::map<std::string, std::string> trust_ids{};
  Time revoked_before{};  // of a user or role: temporary credentials made at or before this moment open nothing

  std::string Arn() const;
};

struct AccessKeyRecord {
  std::string id{};
  AccountId account{};
  std::string user_name{};
  bool active = true;
  Time created{};
  std::string sealed_secret{};
  Time last_used{};  // zero: never
  std::string last_service{};
  std::string last_region{};
};

struct PolicyVersionRecord {
  std::int64_t version = 1;
  bool is_default = false;
  Time created{};
  std::string document{};
};

// A page of names in ascending order: after `marker`, at most `limit`.
struct Page {
  std::string marker{};
  std::int64_t limit = 100;
};

// The statements of the room. Each function is one statement or two, on the transaction that it is given.
namespace records {

Result<std::optional<Entity>> Find(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                   std::string_view name);
// kAlreadyExistsRow where the name is taken.
Status Insert(sql::Transaction& t, const Entity& entity);
// `old_name` is the stored one; a rename carries everything that hangs on the name.
Status Update(sql::Transaction& t, std::string_view old_name, const Entity& entity);
// And what hangs on it: inline policies, attachments, memberships, versions.
Status Delete(sql::Transaction& t, const AccountId& account, EntityKind kind, std::string_view name);
Result<std::vector<Entity>> List(sql::Reader& reader, const AccountId& account, EntityKind kind,
                                 std::string_view path_prefix, const Page& page);
Result<std::int64_t> Count(sql::Reader& reader, const AccountId& account, EntityKind kind);

Status PutInline(sql::Transaction& t, const Entity& owner, std::string_view policy_name, std::string_view document);
Result<bool> DeleteInline(sql::Transaction& t, const Entity& owner, std::string_view policy_name);
// Name and document, by name.
Result<std::vector<std::pair<std::string, std::string>>> ListInline(sql::Reader& reader, const Entity& owner);

// False where it was attached already.
Result<bool> Attach(sql::Transaction& t, const Entity& owner, std::string_view policy_arn, Time now);
Result<bool> Detach(sql::Transaction& t, const Entity& owner, std::string_view policy_arn);
Result<std::vector<std::string>> ListAttached(sql::Reader& reader, const Entity& owner);
// Kind and name of who has the policy attached, or as a boundary.
Result<std::vector<std::pair<EntityKind, std::string>>> ListHolders(sql::Reader& reader, const AccountId& account,
                                                                    std::string_view policy_arn);

Result<bool> AddMember(sql::Transaction& t, const Entity& group, const Entity& user);
Result<bool> RemoveMember(sql::Transaction& t, const Entity& group, const Entity& user);
Result<std::vector<Entity>> ListMembers(sql::Reader& reader, const Entity& group);
Result<std::vector<Entity>> ListGroupsOf(sql::Reader& reader, const Entity& user);

Status InsertVersion(sql::Transaction& t, const Entity& policy, const PolicyVersionRecord& version);
Status SetDefaultVersion(sql::Transaction& t, const Entity& policy, std::int64_t version);
Status DeleteVersion(sql::Transaction& t, const Entity& policy, std::int64_t version);
// Newest first.
Result<std::vector<PolicyVersionRecord>> ListVersions(sql::Reader& reader, const Entity& policy);

Status InsertKey(sql::Transaction& t, const AccessKeyRecord& key);
Result<bool> SetKeyActive(sql::Transaction& t, const Entity& user, std::string_view id, bool active);
Result<bool> DeleteKey(sql::Transaction& t, const Entity& user, std::string_view id);
Result<std::optional<AccessKeyRecord>> FindKey(sql::Reader& reader, std::string_view id);
Result<std::vector<AccessKeyRecord>> ListKeys(sql::Reader& reader, const Entity& user);
Status SetKeyUsed(sql::Transaction& t, std::string_view id, Time when, std::string_view service,
                  std::string_view region);

}  // namespace records

}  // namespace aloft::identity
