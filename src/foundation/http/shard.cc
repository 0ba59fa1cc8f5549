#include "foundation/http/shard.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "foundation/http/connection.h"

namespace aloft::http {
namespace {

constexpr int kAcceptsPerTurn = 64;

std::string AddressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof(text));
  if (address.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof(text));
  return text;
}

Counter* AddRequests(Metrics& metrics, const char* status) {
  return &metrics.AddCounter("aloft_http_requests_total", "Requests answered", {{"status", status}});
}

}  // namespace

ServerMetrics::ServerMetrics(Metrics& metrics)
    : requests_by_class{AddRequests(metrics, "1xx"), AddRequests(metrics, "2xx"), AddRequests(metrics, "3xx"),
                        AddRequests(metrics, "4xx"), AddRequests(metrics, "5xx")},
      bytes_received(metrics.AddCounter("aloft_http_received_bytes_total", "Bytes of requests")),
      bytes_sent(metrics.AddCounter("aloft_http_sent_bytes_total", "Bytes of replies")),
      refused_connections(
          metrics.AddCounter("aloft_http_refused_connections_total", "Connections closed because there were too many")),
      cold_reads(metrics.AddCounter("aloft_http_cold_reads_total", "Pieces of files that the disk pool read first")),
      connections(metrics.AddGauge("aloft_http_connections", "Open connections")),
      in_flight(metrics.AddGauge("aloft_http_requests_in_flight", "Requests that wait for their answer")),
      seconds(metrics.AddHistogram("aloft_http_request_seconds", "From the end of the head to the end of the reply")) {}

struct Shard::Lists {
  boost::intrusive::list<Connection, boost::intrusive::base_hook<ConnectionHook>,
                         boost::intrusive::constant_time_size<false>>
      all;
  boost::intrusive::list<Connection, boost::intrusive::base_hook<IdleHook>, boost::intrusive::constant_time_size<false>>
      idle;  // longest idle first
};

Shard::Shard(std::shared_ptr<ServerContext> context, std::shared_ptr<Loop> loop)
    : context_(std::move(context)),
      loop_(std::move(loop)),
      retry_(loop_->context()),
      lists_(std::make_shared<Lists>()) {}

void Shard::Listen(os::Fd listener, std::function<void(os::Fd, std::string)> give) {
  listener_.emplace(loop_->context(), listener.Release());
  give_ = std::move(give);
  WaitAccept();
}

void Shard::WaitAccept() {
  if (!listener_) return;
  listener_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [self = shared_from_this()](const boost::system::error_code& error) {
                          if (error || !self->listener_) return;
                          self->AcceptWaiting();
                        });
}

void Shard::AcceptWaiting() {
  for (int i = 0; i < kAcceptsPerTurn || draining_; ++i) {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    os::Fd socket(::accept4(listener_->native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      // Out of descriptors or memory: an idle connection makes room; else wait a little.
      context_->log.Warn("accept failed", {{"errno", std::to_string(errno)}});
      if (EvictOneIdle()) continue;
      if (draining_) break;
      retry_.expires_after(std::chrono::milliseconds(100));
      retry_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) self->WaitAccept();
      });
      return;
    }
    if (address.ss_family == AF_INET || address.ss_family == AF_INET6) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (give_ && !draining_)
      give_(std::move(socket), AddressText(address));
    else
      Adopt(std::move(socket), AddressText(address));
  }
  WaitAccept();
}

void Shard::Adopt(os::Fd socket, std::string peer) {
  if (context_->connections.load(std::memory_order_relaxed) >= context_->options.max_connections && !EvictOneIdle()) {
    context_->metrics.refused_connections.Increment();
    // Plain clients learn why; there is no cheap way to say it through TLS.
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    if (!context_->tls()) static_cast<void>(::send(socket.get(), kFull.data(), kFull.size(), MSG_NOSIGNAL));
    return;
  }
  SslContext tls = context_->tls();
  SslPtr ssl;
  if (tls) {
    ssl = MakeServerSsl(tls.get(), socket.get());
    if (!ssl) return;
  }
  std::make_shared<Connection>(shared_from_this(), std::move(socket), std::move(ssl), std::move(tls), std::move(peer))
      ->Start();
}

void Shard::BeginDrain() {
  draining_ = true;
  if (listener_) {
    AcceptWaiting();  // a client that has connected already is not reset
    listener_.reset();
  }
  retry_.cancel();
  give_ = nullptr;
  // Whoever drains may answer and close another one.
  std::vector<std::shared_ptr<Connection>> open;
  for (Connection& connection : lists_->all) open.push_back(connection.shared_from_this());
  for (const auto& connection : open) connection->Drain();
  if (context_->connections.load(std::memory_order_acquire) == 0) context_->on_drained();
}

void Shard::CloseAll() {
  while (!lists_->all.empty()) lists_->all.front().Close();
}

bool Shard::EvictOneIdle() {
  if (lists_->idle.empty()) return false;
  lists_->idle.front().Close();
  return true;
}

void Shard::Add(Connection& connection) {
  lists_->all.push_back(connection);
  context_->connections.fetch_add(1, std::memory_order_relaxed);
  context_->metrics.connections.Add(1);
}

void Shard::Remove(Connection& connection) {
  static_cast<ConnectionHook&>(connection).unlink();
  MarkBusy(connection);
  context_->metrics.connections.Add(-1);
  if (context_->connections.fetch_sub(1, std::memory_order_acq_rel) == 1 && draining_) context_->on_drained();
}

void Shard::MarkIdle(Connection& connection) {
  MarkBusy(connection);
  lists_->idle.push_back(connection);
}

void Shard::MarkBusy(Connection& connection) {
  if (static_cast<IdleHook&>(connection).is_linked()) static_cast<IdleHook&>(connection).unlink();
}

}  // namespace aloft::http
