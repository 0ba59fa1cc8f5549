// What the sources of this room share. Private to it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foundation/crypto/wipe.h"
#include "platform/kms/service.h"
#include "platform/kms/specs.h"

namespace aloft::kms {

// A secret that is wiped where it ends.
struct Secret {
  std::string bytes;
  Secret() = default;
  explicit Secret(std::string text) : bytes(std::move(text)) {}
  Secret(Secret&& other) noexcept : bytes(std::move(other.bytes)) {}
  Secret& operator=(Secret&& other) noexcept {
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~Secret() { crypto::Wipe(bytes); }
};

struct OpenMaterial {
  std::uint32_t version = 1;
  std::string id{};
  Secret secret{};  // symmetric, HMAC: the bytes; pairs: the private key
  std::string public_key{};
};

struct Service::State {
  sql::Database& database;
  const keys::Keyring& keyring;
  const Clock& clock;
  Random& random;
  Log log;

  // `reader` may be a transaction. Aliases of services are not made here.
  Result<Key> Find(sql::Reader& reader, const Caller& caller, std::string_view named, bool aliases) const;
  // Creates and stores a key with its first material; on a transaction.
  Status Insert(sql::Transaction& t, const Key& key, const MaterialRecord& material) const;
  // New material of the key's spec, sealed. Slow for RSA: never inside a transaction.
  Result<MaterialRecord> MakeMaterial(const Key& key, std::uint32_t version, std::string kind) const;
  // kInternal where the record is missing or does not open.
  Result<OpenMaterial> Open(const Key& key, std::uint32_t version) const;
  std::string Draw(std::size_t bytes) const;

  // Reads the key that `named` means, of the caller's own account and by id or ARN only, changes it and writes it back.
  template <class F>
  Status Change(const Caller& caller, const std::optional<std::string>& named, F change) {
    return database.Write([&](sql::Transaction& t) -> Status {
      ALOFT_ASSIGN(Key key, Find(t, caller, named.value_or(""), false));
      ALOFT_TRY(OwnedBy(caller, key));
      ALOFT_TRY(change(t, key));
      return records::UpdateKey(t, key);
    });
  }

  static Status OwnedBy(const Caller& caller, const Key& key);
};

Error NoSuchKey(std::string_view arn);
// Disabled, PendingDeletion.
Status RequireEnabled(const Key& key);
Status RequireNotPending(const Key& key);
// kInvalidKeyUsage unless the key is for `usage`; kDisabled, kInvalidState. `operation` names it in the message.
Status RequireUse(const Key& key, std::string_view usage, std::string_view operation);
// The error that DryRun answers, where it is asked for.
Status AnswerDryRun(const std::optional<bool>& dry_run);
// kMalformedPolicy.
Status CheckPolicyText(std::string_view policy);
// kTagInvalid.
Result<std::map<std::string, std::string>> ReadTags(const std::optional<std::vector<api::Tag>>& tags);
api::KeyMetadata Describe(const Key& key, const std::string& material_id);

// "alias/aws/s3" -> "s3"; absent where it is no alias of a service's.
std::optional<std::string_view> ServiceOfAlias(std::string_view alias);
std::string ManagedPolicy(const AccountId& account, const Region& region, std::string_view service);

std::string EncodeMarker(std::string_view text);
// Pages: `limit` and one more are read, what is over tells whether there is more.
struct Paging {
  std::int64_t limit = 100;
  std::string after;
  static Result<Paging> Of(const std::optional<std::int32_t>& limit, const std::optional<std::string>& marker,
                           std::int32_t standard = 100);
};
template <class T, class Out, class Name>
void CutPage(const Paging& paging, std::vector<T>& items, Out& out, Name name) {
  out.truncated = static_cast<std::int64_t>(items.size()) > paging.limit;
  if (!*out.truncated) return;
  items.resize(static_cast<std::size_t>(paging.limit));
  out.next_marker = EncodeMarker(name(items.back()));
}

inline bool Offers(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace aloft::kms
