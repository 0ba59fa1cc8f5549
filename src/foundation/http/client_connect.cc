// From a destination to an open stream.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "foundation/http/client_connection.h"

namespace aloft::http {
namespace {

template <class Address>
Endpoint MakeEndpoint(int family, const Address& address) {
  return {family, std::string(reinterpret_cast<const char*>(&address), sizeof(address))};
}

// A path or a literal address; nothing where a name has to be resolved.
std::vector<Endpoint> LiteralEndpoints(const Destination& destination) {
  sockaddr_un local{};
  if (destination.host.starts_with('/')) {
    if (destination.host.size() >= sizeof(local.sun_path)) return {};
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, destination.host.c_str(), destination.host.size() + 1);
    return {MakeEndpoint(AF_UNIX, local)};
  }
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, destination.host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(destination.port);
    return {MakeEndpoint(AF_INET, v4)};
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, destination.host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(destination.port);
    return {MakeEndpoint(AF_INET6, v6)};
  }
  return {};
}

std::string TextOf(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "";
  if (endpoint.family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(endpoint.bytes.data())->sin_addr, text, sizeof text);
  if (endpoint.family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(endpoint.bytes.data())->sin6_addr, text, sizeof text);
  return text;
}

}  // namespace

void ClientConnection::Open(std::shared_ptr<Job> job) {
  job_ = std::move(job);
  connect_deadline_ = std::chrono::steady_clock::now() + pool_->options().connect_timeout;
  pool_->loop().Arm(*this, pool_->options().connect_timeout);
  endpoints_ = LiteralEndpoints(destination_);
  if (!endpoints_.empty()) return ConnectNext("");
  if (destination_.host.starts_with('/')) return Broken(Fail(kUnavailable, "The path of the socket is too long"));
  Resolve();
}

void ClientConnection::Resolve() {
  using boost::asio::ip::tcp;
  auto resolver = std::make_shared<tcp::resolver>(pool_->loop().context());
  resolver->async_resolve(
      destination_.host, std::to_string(destination_.port), tcp::resolver::numeric_service,
      [self = shared_from_this(), resolver](const boost::system::error_code& error, const auto& results) {
        if (self->phase_ != Phase::kConnecting) return;
        if (error)
          return self->Broken(Fail(kUnavailable, "The name " + self->destination_.host + " cannot be resolved"));
        for (const auto& result : results) {
          const auto endpoint = result.endpoint();
          self->endpoints_.push_back({endpoint.protocol().family(),
                                      std::string(reinterpret_cast<const char*>(endpoint.data()), endpoint.size())});
        }
        self->ConnectNext("");
      });
}

void ClientConnection::ConnectNext(std::string why) {
  again_ = false;
  stream_.reset();
  while (next_endpoint_ < endpoints_.size()) {
    const Endpoint& endpoint = endpoints_[next_endpoint_];
    if (const auto& allow = pool_->options().allow_address; allow && !allow(TextOf(endpoint))) {
      ++next_endpoint_;
      why = "its address may not be connected to";
      continue;
    }
    os::Fd socket(::socket(endpoint.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (endpoint.family != AF_UNIX) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const int result = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(endpoint.bytes.data()),
                                 static_cast<socklen_t>(endpoint.bytes.size()));
    if (result != 0 && errno == EAGAIN && endpoint.family == AF_UNIX) {
      // The listener's queue is full; nothing tells when it is not, so a tick later it is tried again.
      again_ = true;
      return pool_->loop().Arm(*this, TimerWheel::kTick);
    }
    ++next_endpoint_;
    if (result != 0 && errno != EINPROGRESS) {
      why = std::strerror(errno);
      continue;
    }
    SslPtr ssl;
    SslContext context;
    if (destination_.tls) {
      auto made = pool_->tls().Context();
      if (!made.ok()) return Broken(std::move(made).error());
      context = std::move(*made);
      ssl = MakeClientSsl(context.get(), socket.get(), destination_.host);
      if (!ssl) return Broken(Fail(kUnavailable, "TLS cannot be set up", TakeSslErrors()));
    }
    stream_.emplace(pool_->loop(), std::move(socket), std::move(ssl), std::move(context));
    read_waiting_ = write_waiting_ = false;
    if (result == 0) return FinishConnect();
    return ArmWrite();
  }
  Broken(Fail(kUnavailable, "No connection to " + destination_.host + ": " + why));
}

void ClientConnection::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(stream_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return ConnectNext(std::strerror(error));
  phase_ = Phase::kHandshake;
  Handshake();
}

void ClientConnection::Handshake() {
  const Stream::Moved moved = stream_->Handshake();
  switch (moved.io) {
    case Stream::Io::kDone: return StartRequest();
    case Stream::Io::kWantRead: return ArmRead();
    case Stream::Io::kWantWrite: return ArmWrite();
    default:
      return Broken(Fail(kUnavailable, "The TLS handshake with " + destination_.host + " failed", stream_->failure()));
  }
}

}  // namespace aloft::http
