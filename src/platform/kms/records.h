// What the key service stores, as SQL. Format: docs/formats/kms.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/sql/database.h"
#include "platform/kms/ciphertext.h"

namespace aloft::kms {

// The room's schema, for sql::Database::Open.
std::span<const sql::Migration> Migrations();

struct Key {
  std::string id{};  // a UUID, unique in the installation
  AccountId account{};
  Region region{};
  std::string state = "Enabled";  // Disabled, PendingDeletion
  Time created{};
  Time deletion{};       // PendingDeletion: when its material is destroyed
  Time next_rotation{};  // zero: not rotated by time

  // The document.
  std::string description{}, usage{}, spec{};
  bool managed = false;  // by the services: alias/aws/...
  std::string policy{};
  std::map<std::string, std::string> tags{};
  std::int64_t rotation_days = 365;
  std::int64_t window_days = 0;

  std::string Arn() const;
};

struct MaterialRecord {
  std::uint32_t version = 1;
  std::string id{};    // 64 hexadecimal digits
  std::string kind{};  // "CREATED", "AUTOMATIC", "ON_DEMAND"
  Time created{};
  std::string sealed{};      // by the keyring
  std::string public_key{};  // DER, of a pair
};

struct Alias {
  std::string name{};  // "alias/app"
  std::string key_id{};
  Time created{}, updated{};
};

struct Grant {
  std::string id{};  // 64 hexadecimal digits
  std::string key_id{};
  Time created{};
  std::string grantee{}, retiring{};  // ARNs; retiring may be empty
  std::string name{};
  std::string issuing_account{};  // its root's ARN
  std::vector<std::string> operations{};
  std::optional<EncryptionContext> context_subset{}, context_equals{};
};

namespace records {

Status InsertKey(sql::Transaction& t, const Key& key);
Status UpdateKey(sql::Transaction& t, const Key& key);
// With its material, aliases and grants.
Status DestroyKey(sql::Transaction& t, const std::string& id);
Result<std::optional<Key>> FindKey(sql::Reader& reader, const std::string& id);
// After `after` by id, at most `limit`.
Result<std::vector<Key>> ListKeys(sql::Reader& reader, const AccountId& account, const Region& region,
                                  const std::string& after, std::int64_t limit);
// Ids of keys whose time has come.
Result<std::vector<std::string>> DueForDeletion(sql::Reader& reader, Time now, std::int64_t limit);
Result<std::vector<std::string>> DueForRotation(sql::Reader& reader, Time now, std::int64_t limit);

Status InsertMaterial(sql::Transaction& t, const std::string& key_id, const MaterialRecord& material);
// The newest where `version` is 0.
Result<std::optional<MaterialRecord>> FindMaterial(sql::Reader& reader, const std::string& key_id,
                                                   std::uint32_t version);
// Oldest first, without what is sealed.
Result<std::vector<MaterialRecord>> ListMaterial(sql::Reader& reader, const std::string& key_id);

// False where the name is taken.
Result<bool> InsertAlias(sql::Transaction& t, const AccountId& account, const Region& region, const Alias& alias);
Result<bool> UpdateAlias(sql::Transaction& t, const AccountId& account, const Region& region, const Alias& alias);
Result<bool> DeleteAlias(sql::Transaction& t, const AccountId& account, const Region& region, const std::string& name);
Result<std::optional<Alias>> FindAlias(sql::Reader& reader, const AccountId& account, const Region& region,
                                       const std::string& name);
// `key_id` empty: of all keys.
Result<std::vector<Alias>> ListAliases(sql::Reader& reader, const AccountId& account, const Region& region,
                                       const std::string& key_id, const std::string& after, std::int64_t limit);

Status InsertGrant(sql::Transaction& t, const Grant& grant);
Result<bool> DeleteGrant(sql::Transaction& t, const std::string& key_id, const std::string& grant_id);
Result<std::optional<Grant>> FindGrant(sql::Reader& reader, const std::string& grant_id);
Result<std::vector<Grant>> ListGrants(sql::Reader& reader, const std::string& key_id, const std::string& after,
                                      std::int64_t limit);
Result<std::vector<Grant>> ListRetirable(sql::Reader& reader, const std::string& principal, const std::string& after,
                                         std::int64_t limit);

}  // namespace records
}  // namespace aloft::kms
