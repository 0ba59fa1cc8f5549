#include "platform/compute/agent/connect.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cstring>
#include <memory>

#include "foundation/base/bytes.h"

namespace aloft::compute {

Result<os::Fd> Connect(os::Fd socket, const sockaddr* address, socklen_t length) {
  if (!socket) return SystemError("socket", errno);
  if (::connect(socket.get(), address, length) != 0 && errno != EINPROGRESS) return SystemError("connect", errno);
  pollfd wait{socket.get(), POLLOUT, 0};
  int error = ETIMEDOUT;
  socklen_t size = sizeof error;
  if (::poll(&wait, 1, 10'000) == 1) ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return SystemError("connect", error);
  int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

namespace {

struct AddressesEnd {
  void operator()(addrinfo* it) const { ::freeaddrinfo(it); }
};
using Addresses = std::unique_ptr<addrinfo, AddressesEnd>;

Result<Addresses> Resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (error != 0) return Fail(kUnavailable, "no address for " + host, ::gai_strerror(error));
  return Addresses(found);
}

Result<os::Fd> ConnectTo(const addrinfo& address) {
  os::Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return Connect(std::move(socket), address.ai_addr, address.ai_addrlen);
}

bool IsOwnAddress(const sockaddr& address) {
  ifaddrs* interfaces = nullptr;
  if (::getifaddrs(&interfaces) != 0) return true;
  bool own = false;
  for (ifaddrs* at = interfaces; at && !own; at = at->ifa_next) {
    if (!at->ifa_addr || at->ifa_addr->sa_family != address.sa_family) continue;
    if (address.sa_family == AF_INET)
      own = reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr ==
            reinterpret_cast<sockaddr_in*>(at->ifa_addr)->sin_addr.s_addr;
    else if (address.sa_family == AF_INET6)
      own = std::memcmp(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr,
                        &reinterpret_cast<sockaddr_in6*>(at->ifa_addr)->sin6_addr, 16) == 0;
  }
  ::freeifaddrs(interfaces);
  return own;
}

bool IsForbidden(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::uint32_t ip = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
    bool special = (ip >> 24) == 127 || (ip >> 24) == 0 || (ip >> 16) == 0xA9FE || (ip >> 28) >= 14;
    return special || IsOwnAddress(address);
  }
  if (address.sa_family == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    bool special = IN6_IS_ADDR_LOOPBACK(&ip) || IN6_IS_ADDR_UNSPECIFIED(&ip) || IN6_IS_ADDR_LINKLOCAL(&ip) ||
                   IN6_IS_ADDR_MULTICAST(&ip) || IN6_IS_ADDR_V4MAPPED(&ip) || IN6_IS_ADDR_V4COMPAT(&ip);
    return special || IsOwnAddress(address);
  }
  return true;
}

}  // namespace

Result<os::Fd> ConnectAnywhere(const std::string& host, const std::string& port) {
  ALOFT_ASSIGN(Addresses addresses, Resolve(host, port));
  Error last = Fail(kUnavailable, "no address for " + host);
  for (const addrinfo* at = addresses.get(); at; at = at->ai_next) {
    auto socket = ConnectTo(*at);
    if (socket.ok()) return socket;
    last = socket.error();
  }
  return last;
}

Result<os::Fd> ConnectOutside(const std::string& host, const std::string& port) {
  ALOFT_ASSIGN(Addresses addresses, Resolve(host, port));
  Error last = Fail(kUnavailable, "no address for " + host);
  for (const addrinfo* at = addresses.get(); at; at = at->ai_next) {
    // Judged and connected by the same address: a name cannot mean another one in between.
    if (IsForbidden(*at->ai_addr)) {
      last = Fail(Reason{ErrorKind::kDenied, "AddressForbidden"}, host + " is this host or link-local");
      continue;
    }
    auto socket = ConnectTo(*at);
    if (socket.ok()) return socket;
    last = socket.error();
  }
  return last;
}

}  // namespace aloft::compute
