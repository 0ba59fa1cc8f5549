// Hybrid public key encryption, base mode (RFC 9180): anybody may seal to a public key, and only its private key opens.
// X25519 with HKDF-SHA256, and AES-256-GCM. Raw bytes in and out. Thread-safe.
//
//   std::string key = random 32 bytes;                              // the receiver's, who tells HpkePublicKey(key)
//   ALOFT_ASSIGN(std::string sealed, HpkeSeal(public_key, fresh random 32 bytes, "what for", "whose", "secret"));
//   ALOFT_ASSIGN(std::string secret, HpkeOpen(key, "what for", "whose", sealed));
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/crypto/errors.h"

namespace aloft::crypto {

inline constexpr std::size_t kHpkeKeySize = 32;  // of private and of public keys

// `private_key` must have its size; any bytes do.
std::string HpkePublicKey(std::string_view private_key);

// The encapsulated key (32 bytes), the ciphertext, the tag. `ephemeral` is a private key that is used once and never
// again. `info` says what the sealing is for and `associated` is covered, too: both must be told again to open.
// kCryptoFailed where `public_key` is none.
Result<std::string> HpkeSeal(std::string_view public_key, std::string_view ephemeral, std::string_view info,
                             std::string_view associated, std::string_view plaintext);
// kSealBroken where anything differs from what was sealed.
Result<std::string> HpkeOpen(std::string_view private_key, std::string_view info, std::string_view associated,
                             std::string_view sealed);

}  // namespace aloft::crypto
