#include "foundation/crypto/hpke.h"

#include <openssl/evp.h>

#include <memory>

#include "foundation/base/check.h"
#include "foundation/crypto/aead.h"
#include "foundation/crypto/evp.h"
#include "foundation/crypto/hmac.h"
#include "foundation/crypto/wipe.h"

namespace aloft::crypto {
namespace {

using Key = std::unique_ptr<EVP_PKEY, internal::Freer<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, internal::Freer<EVP_PKEY_CTX_free>>;

// The suite's names in every label (RFC 9180, 4.1 and 5.1): KEM 0x0020, KDF 0x0001, AEAD 0x0002.
constexpr std::string_view kKem("KEM\0\x20", 5);
constexpr std::string_view kSuite("HPKE\0\x20\0\x01\0\x02", 10);

Key PrivateKey(std::string_view bytes) {
  ALOFT_CHECK(bytes.size() == kHpkeKeySize);
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, reinterpret_cast<const unsigned char*>(bytes.data()),
                                       bytes.size()));
  ALOFT_CHECK(key != nullptr);
  return key;
}

// Fails, too, for the points that give everybody the same secret.
Result<std::string> Agree(std::string_view private_key, std::string_view public_key) {
  if (public_key.size() != kHpkeKeySize) return Fail(kCryptoFailed, "an X25519 key has 32 bytes");
  Key own = PrivateKey(private_key);
  Key other(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr,
                                        reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size()));
  Context context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  std::string secret(kHpkeKeySize, '\0');
  std::size_t size = secret.size();
  if (!other || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1 ||
      EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.data()), &size) != 1)
    return Fail(kCryptoFailed, "the public key is none");
  return secret;
}

std::string LabeledExtract(std::string_view suite, std::string_view salt, std::string_view label,
                           std::string_view material) {
  std::string text("HPKE-v1");
  text.reserve(text.size() + suite.size() + label.size() + material.size());
  text.append(suite).append(label).append(material);
  std::string out = HmacSha256(salt, text);
  Wipe(text);
  return out;
}

// At most 32 bytes: one block of HKDF-Expand.
std::string LabeledExpand(std::string_view suite, std::string_view key, std::string_view label, std::string_view info,
                          std::size_t size) {
  ALOFT_CHECK(size <= 32);
  std::string text;
  text.push_back('\0');
  text.push_back(static_cast<char>(size));
  text.append("HPKE-v1").append(suite).append(label).append(info).push_back('\x01');
  std::string out = HmacSha256(key, text);
  out.resize(size);
  return out;
}

struct Sealing {
  std::string key, nonce;
};

// From what both sides agreed on to the key of this one message (RFC 9180, 4.1 and 5.1).
Sealing Schedule(std::string agreed, std::string_view encapsulated, std::string_view receiver, std::string_view info) {
  const Wiped wipe_agreed(agreed);
  std::string extracted = LabeledExtract(kKem, "", "eae_prk", agreed);
  const Wiped wipe_extracted(extracted);
  std::string shared = LabeledExpand(kKem, extracted, "shared_secret", std::string(encapsulated).append(receiver), 32);
  const Wiped wipe_shared(shared);
  std::string context(1, '\0');  // base mode
  context.append(LabeledExtract(kSuite, "", "psk_id_hash", "")).append(LabeledExtract(kSuite, "", "info_hash", info));
  std::string secret = LabeledExtract(kSuite, shared, "secret", "");
  const Wiped wipe_secret(secret);
  return {LabeledExpand(kSuite, secret, "key", context, kAeadKeySize),
          LabeledExpand(kSuite, secret, "base_nonce", context, kAeadNonceSize)};
}

}  // namespace

std::string HpkePublicKey(std::string_view private_key) {
  Key key = PrivateKey(private_key);
  std::string out(kHpkeKeySize, '\0');
  std::size_t size = out.size();
  ALOFT_CHECK(EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1);
  return out;
}

Result<std::string> HpkeSeal(std::string_view public_key, std::string_view ephemeral, std::string_view info,
                             std::string_view associated, std::string_view plaintext) {
  ALOFT_ASSIGN(std::string agreed, Agree(ephemeral, public_key));
  std::string encapsulated = HpkePublicKey(ephemeral);
  Sealing sealing = Schedule(std::move(agreed), encapsulated, public_key, info);
  const Wiped wipe(sealing.key);
  return encapsulated + AeadSeal(sealing.key, sealing.nonce, plaintext, associated);
}

Result<std::string> HpkeOpen(std::string_view private_key, std::string_view info, std::string_view associated,
                             std::string_view sealed) {
  if (sealed.size() < kHpkeKeySize + kAeadTagSize) return Fail(kSealBroken, "the sealed text is too short");
  std::string_view encapsulated = sealed.substr(0, kHpkeKeySize);
  auto agreed = Agree(private_key, encapsulated);
  if (!agreed.ok()) return Fail(kSealBroken, "the sealed text was not made by sealing");
  Sealing sealing = Schedule(std::move(*agreed), encapsulated, HpkePublicKey(private_key), info);
  const Wiped wipe(sealing.key);
  return AeadOpen(sealing.key, sealing.nonce, sealed.substr(kHpkeKeySize), associated);
}

}  // namespace aloft::crypto
