// How far an IP address reaches: what keeps a URL that a user chose from reaching into this machine or its network.
#pragma once

#include <string_view>

namespace aloft::http {

enum class AddressScope { kPublic, kPrivate, kLoopback, kForbidden };

// Of a literal address. Private: RFC 1918, 6598 (shared), 4193 (unique local). Loopback: 127/8, ::1. Forbidden:
// link-local (where clouds keep their metadata service), multicast, unspecified, broadcast, reserved, and text that is
// no address. An IPv4 address in IPv6 clothes (mapped, NAT64, 6to4) counts as what is inside.
AddressScope ScopeOf(std::string_view address);

}  // namespace aloft::http
