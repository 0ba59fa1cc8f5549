#include "platform/audit/signer.h"

#include "foundation/base/bytes.h"
#include "foundation/crypto/ed25519.h"
#include "foundation/crypto/hmac.h"

namespace aloft::audit {
namespace {

constexpr char kKeyFormat = 1;
constexpr std::string_view kContext = "audit/signing-key/";

struct StoredKey {
  std::string public_key, sealed;
};

std::optional<StoredKey> DecodeKey(std::string_view stored) {
  if (stored.size() < 1 + crypto::kEd25519PublicKeySize || stored[0] != kKeyFormat) return std::nullopt;
  return StoredKey{std::string(stored.substr(1, crypto::kEd25519PublicKeySize)),
                   std::string(stored.substr(1 + crypto::kEd25519PublicKeySize))};
}

std::string ContextOf(std::string_view key_id) {
  return std::string(kContext) + HexEncode(AsBytes(key_id));
}

Error Broken() {
  return Fail(kCorrupt, "The audit log's signing key cannot be read.");
}

bool Verified(const PublicKeys& keys, const std::string& key_id, std::string_view message, std::string_view signature) {
  auto key = keys.find(key_id);
  return key != keys.end() && crypto::Ed25519Verify(key->second, message, signature);
}

}  // namespace

std::string KeyIdOf(std::string_view public_key) {
  return crypto::Sha256(public_key).substr(0, kKeyIdBytes);
}

Signer::Signer(std::string seed)
    : seed_(std::move(seed)),
      public_key_(crypto::Ed25519PublicKey(seed_)),
      key_id_(KeyIdOf(public_key_)),
      mark_key_(crypto::DeriveKey(seed_, {}, "aloft audit marks", 32)) {}

Result<std::unique_ptr<Signer>> Signer::Open(kv::Store& store, const keys::Keyring& keyring, Random& random) {
  // Two replicas that start at once make one key: the second finds that the name is taken.
  for (int attempt = 0; attempt < 2; ++attempt) {
    ALOFT_ASSIGN(std::optional<kv::Entry> current, store.Get(kKeys, "current"));
    if (current) {
      ALOFT_ASSIGN(std::optional<kv::Entry> stored, store.Get(kKeys, current->value));
      auto key = stored ? DecodeKey(stored->value) : std::nullopt;
      if (!key) return Broken();
      ALOFT_ASSIGN(std::string seed, keyring.Open(key->sealed, ContextOf(current->value)));
      if (seed.size() != crypto::kEd25519SeedSize || crypto::Ed25519PublicKey(seed) != key->public_key) return Broken();
      return std::unique_ptr<Signer>(new Signer(std::move(seed)));
    }
    std::string seed(crypto::kEd25519SeedSize, '\0');
    random.Fill({reinterpret_cast<std::uint8_t*>(seed.data()), seed.size()});
    Signer made(seed);
    kv::Batch batch;
    batch.Expect(std::string(kKeys), "current", kv::kAbsent);
    batch.Put(std::string(kKeys), "current", made.key_id_);
    batch.Put(std::string(kKeys), made.key_id_,
              std::string(1, kKeyFormat) + made.public_key_ + keyring.Seal(seed, ContextOf(made.key_id_)));
    auto applied = store.Apply(std::move(batch));
    if (!applied.ok() && applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  return Signer::Open(store, keyring, random);
}

void Signer::Sign(Position& position, std::string_view purpose, std::string_view chain) const {
  position.key_id = key_id_;
  position.signature = crypto::Ed25519Sign(seed_, position.Signed(purpose, chain));
}

void Signer::Sign(Checkpoint& checkpoint) const {
  checkpoint.key_id = key_id_;
  checkpoint.signature = crypto::Ed25519Sign(seed_, checkpoint.Signed());
}

std::string Signer::Mark(std::string_view chain, const RecordName& name, std::string_view plain) const {
  std::string marked;
  marked.reserve(chain.size() + 64 + plain.size());
  marked.append(chain).append("/").append(name.Encode()).append(plain);
  return crypto::HmacSha256(mark_key_, marked);
}

keys::SealSource SigningKeySource(kv::Store& store, const keys::Keyring& keyring) {
  return {"audit", [&store, &keyring](const std::string&) -> Result<keys::ResealPage> {
            keys::ResealPage out;
            ALOFT_ASSIGN(const kv::ScanPage page, store.Scan(kKeys, {}));
            for (const kv::Entry& entry : page.entries) {
              const auto key = entry.key == "current" ? std::nullopt : DecodeKey(entry.value);
              if (!key) continue;
              ++out.seen;
              auto renewed = keys::Renew(keyring, key->sealed, ContextOf(entry.key));
              if (!renewed.ok()) ++out.failed;
              if (!renewed.ok() || !*renewed) continue;
              kv::Batch batch;
              batch.Expect(std::string(kKeys), entry.key, entry.version);
              batch.Put(std::string(kKeys), entry.key, std::string(1, kKeyFormat) + key->public_key + **renewed);
              ALOFT_TRY(store.Apply(std::move(batch)));
              ++out.renewed;
            }
            return out;
          }};
}

Result<PublicKeys> LoadPublicKeys(kv::Store& store) {
  ALOFT_ASSIGN(kv::ScanPage page, store.Scan(kKeys, {}));
  PublicKeys out;
  for (const kv::Entry& entry : page.entries) {
    if (entry.key == "current") continue;
    auto key = DecodeKey(entry.value);
    // A key under another name than its own would let an impostor vouch for what it did not sign.
    if (key && KeyIdOf(key->public_key) == entry.key) out[entry.key] = key->public_key;
  }
  return out;
}

Result<bool> BelongsTo(kv::Store& store, const keys::Keyring& keyring, std::string_view key_id) {
  ALOFT_ASSIGN(std::optional<kv::Entry> stored, store.Get(kKeys, key_id));
  auto key = stored ? DecodeKey(stored->value) : std::nullopt;
  if (!key) return false;
  auto seed = keyring.Open(key->sealed, ContextOf(key_id));
  return seed.ok() && seed->size() == crypto::kEd25519SeedSize && crypto::Ed25519PublicKey(*seed) == key->public_key;
}

bool IsGenuine(const Position& position, std::string_view purpose, std::string_view chain, const PublicKeys& keys) {
  return Verified(keys, position.key_id, position.Signed(purpose, chain), position.signature);
}

bool IsGenuine(const Checkpoint& checkpoint, const PublicKeys& keys) {
  return Verified(keys, checkpoint.key_id, checkpoint.Signed(), checkpoint.signature);
}

}  // namespace aloft::audit
