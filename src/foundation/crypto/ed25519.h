// Ed25519 signatures (RFC 8032): small, quick, the same for the same message. Raw bytes in and out. Thread-safe.
//
//   std::string signature = Ed25519Sign(seed, message);
//   bool genuine = Ed25519Verify(Ed25519PublicKey(seed), message, signature);
#pragma once

#include <string>
#include <string_view>

namespace aloft::crypto {

inline constexpr std::size_t kEd25519SeedSize = 32;  // the private key
inline constexpr std::size_t kEd25519PublicKeySize = 32;
inline constexpr std::size_t kEd25519SignatureSize = 64;

// `seed` must have its size.
std::string Ed25519PublicKey(std::string_view seed);
std::string Ed25519Sign(std::string_view seed, std::string_view message);
// False, too, where the key or the signature has a wrong size.
bool Ed25519Verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace aloft::crypto
