// Key pairs: making them, signing, verifying, RSA encryption, and agreeing on what a key can do. Private keys travel as
// PKCS#8 DER, public ones as SubjectPublicKeyInfo DER, signatures of ECDSA as DER (RFC 3279).
//
// Functions of their arguments; blocking for CPU only (a new RSA key of 4096 bits: up to seconds). kCryptoFailed where
// the library refuses a key or an input.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/crypto/errors.h"
#include "foundation/crypto/hash.h"

namespace aloft::crypto {

enum class KeyType { kRsa2048, kRsa3072, kRsa4096, kP256, kP384, kP521, kSecp256k1 };

struct KeyPair {
  std::string private_key;  // wipe after use
  std::string public_key;
};
Result<KeyPair> MakeKeyPair(KeyType type);

enum class SignatureScheme {
  kRsaPss,    // salt as long as the digest, MGF1 with the same digest
  kRsaPkcs1,  // PKCS #1 v1.5
  kEcdsa,
};

// Signs a digest that was made with `digest`.
Result<std::string> SignDigest(std::string_view private_key, SignatureScheme scheme, Digest digest,
                               std::string_view value);
// False where the signature does not hold; an error only where the key is none.
Result<bool> VerifyDigest(std::string_view public_key, SignatureScheme scheme, Digest digest, std::string_view value,
                          std::string_view signature);

// RSAES-OAEP, MGF1 with the same digest, no label. kCryptoFailed where the plaintext is too long for the key.
Result<std::string> OaepEncrypt(std::string_view public_key, Digest digest, std::string_view plaintext);
// kSealBroken where it does not open.
Result<std::string> OaepDecrypt(std::string_view private_key, Digest digest, std::string_view ciphertext);

// How many bytes OAEP takes at most under an RSA key of so many bits.
constexpr std::size_t OaepCapacity(std::size_t key_bits, std::size_t digest_size) {
  return key_bits / 8 - 2 * digest_size - 2;
}

}  // namespace aloft::crypto
