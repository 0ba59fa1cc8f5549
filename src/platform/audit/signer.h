// The key that signs heads and checkpoints: Ed25519, made at the first start, sealed under the keyring in kv, shared by
// all replicas. From the same seed comes the key of the marks of pending records.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "foundation/base/random.h"
#include "foundation/kv/store.h"
#include "platform/audit/records.h"
#include "platform/keys/keyring.h"
#include "platform/keys/reseal.h"

namespace aloft::audit {

inline constexpr std::size_t kKeyIdBytes = 8;

// What a public key is called: the first bytes of its SHA-256.
std::string KeyIdOf(std::string_view public_key);

class Signer {
 public:
  // Finds the key, or makes one. Errors: the store's, the keyring's.
  static Result<std::unique_ptr<Signer>> Open(kv::Store& store, const keys::Keyring& keyring, Random& random);

  const std::string& key_id() const { return key_id_; }
  const std::string& public_key() const { return public_key_; }

  void Sign(Position& position, std::string_view purpose, std::string_view chain) const;
  void Sign(Checkpoint& checkpoint) const;
  // The proof that this server left the mark: a keyed digest of the record's name and plain bytes.
  std::string Mark(std::string_view chain, const RecordName& name, std::string_view stored) const;

 private:
  explicit Signer(std::string seed);
  std::string seed_, public_key_, key_id_, mark_key_;
};

// The public keys of a store: key id -> key. A stored key is `version, public key, sealed seed`.
using PublicKeys = std::map<std::string, std::string>;
// The signing keys' seals, for the rotation of the root key.
keys::SealSource SigningKeySource(kv::Store& store, const keys::Keyring& keyring);

Result<PublicKeys> LoadPublicKeys(kv::Store& store);
// Whether the seal of the stored key opens under `keyring` and holds that very key.
Result<bool> BelongsTo(kv::Store& store, const keys::Keyring& keyring, std::string_view key_id);

bool IsGenuine(const Position& position, std::string_view purpose, std::string_view chain, const PublicKeys& keys);
bool IsGenuine(const Checkpoint& checkpoint, const PublicKeys& keys);

}  // namespace aloft::audit
