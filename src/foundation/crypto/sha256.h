// SHA-256 without the allocations and look-ups of OpenSSL's general interface, which cost more than the digest of a
// short text does. For the sources of this room only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace aloft::crypto::internal {

inline constexpr std::size_t kSha256Size = 32;

void Sha256Into(std::string_view text, std::span<std::uint8_t, kSha256Size> out);
void HmacSha256Into(std::string_view key, std::string_view text, std::span<std::uint8_t, kSha256Size> out);

}  // namespace aloft::crypto::internal
