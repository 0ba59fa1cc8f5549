#include "foundation/http/address_scope.h"

#include <arpa/inet.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace aloft::http {
namespace {

AddressScope ScopeOfV4(std::uint32_t a) {
  const auto in = [&](std::uint32_t network, int bits) { return (a >> (32 - bits)) == (network >> (32 - bits)); };
  if (in(0x7f000000, 8)) return AddressScope::kLoopback;
  if (in(0x0a000000, 8) || in(0xac100000, 12) || in(0xc0a80000, 16) || in(0x64400000, 10))
    return AddressScope::kPrivate;
  if (in(0x00000000, 8) || in(0xa9fe0000, 16) || in(0xc0000000, 24) || in(0xc6120000, 15) || a >= 0xe0000000)
    return AddressScope::kForbidden;
  return AddressScope::kPublic;
}

std::uint32_t Inside(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

AddressScope ScopeOfV6(const std::uint8_t* b) {
  static constexpr std::uint8_t kZero[16] = {};
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  static constexpr std::uint8_t kNat64[12] = {0, 0x64, 0xff, 0x9b};
  if (std::memcmp(b, kMapped, 12) == 0 || std::memcmp(b, kNat64, 12) == 0) return ScopeOfV4(Inside(b + 12));
  if (b[0] == 0x20 && b[1] == 0x02) return ScopeOfV4(Inside(b + 2));
  if (std::memcmp(b, kZero, 15) == 0) return b[15] == 1 ? AddressScope::kLoopback : AddressScope::kForbidden;
  if (std::memcmp(b, kZero, 12) == 0) return AddressScope::kForbidden;
  if ((b[0] & 0xfe) == 0xfc) return AddressScope::kPrivate;
  // Global unicast is 2000::/3; what lies outside is link-local, multicast or not assigned.
  return (b[0] & 0xe0) == 0x20 ? AddressScope::kPublic : AddressScope::kForbidden;
}

}  // namespace

AddressScope ScopeOf(std::string_view address) {
  const std::string text(address);
  std::uint8_t bytes[16] = {};
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return ScopeOfV4(Inside(bytes));
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return ScopeOfV6(bytes);
  return AddressScope::kForbidden;
}

}  // namespace aloft::http
