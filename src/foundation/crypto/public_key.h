// Verifying signatures by public keys that arrive as numbers, as in JSON Web Keys (RFC 7518). All arguments are raw
// big-endian bytes. A key or signature that is malformed verifies nothing.
#pragma once

#include <string_view>

namespace aloft::crypto {

// RSASSA-PKCS1-v1_5 with SHA-256. Keys below 2048 or above 8192 bits verify nothing.
bool VerifyRs256(std::string_view modulus, std::string_view exponent, std::string_view message,
                 std::string_view signature);
// ECDSA on P-256 with SHA-256; the signature is r and s, 32 bytes each.
bool VerifyEs256(std::string_view x, std::string_view y, std::string_view message, std::string_view signature);

}  // namespace aloft::crypto
