// Keyed digests; raw bytes in and out.
#pragma once

#include <string>
#include <string_view>

#include "foundation/crypto/hash.h"

namespace aloft::crypto {

std::string Hmac(Digest digest, std::string_view key, std::string_view text);
std::string HmacSha256(std::string_view key, std::string_view text);

// HKDF-SHA256 (RFC 5869): a key of `size` (at most 8160) bytes for the purpose that `info` names.
std::string DeriveKey(std::string_view key, std::string_view salt, std::string_view info, std::size_t size);

}  // namespace aloft::crypto
