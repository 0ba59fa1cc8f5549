#include "platform/compute/agent/gate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <memory>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "foundation/codec/time.h"
#include "platform/compute/agent/api_endpoint.h"
#include "platform/compute/agent/connect.h"

namespace aloft::compute {
namespace {

constexpr int kIdleMillis = 30'000;  // for a request that does not come
constexpr std::size_t kMaxHead = 64 * 1024;

bool WriteAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      pollfd wait{socket, POLLOUT, 0};
      if (::poll(&wait, 1, 30'000) <= 0) return false;
    } else if (sent < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

void Reply(const os::Fd& peer, std::string_view status, std::string_view type, std::string_view body) {
  WriteAll(peer.get(), "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
                           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
                           std::string(body));
}

std::string HeaderValue(std::string_view head, std::string_view name) {
  for (std::string_view line : Split(head, '\n')) {
    std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && EqualsIgnoreCase(line.substr(0, colon), name))
      return std::string(Trim(line.substr(colon + 1)));
  }
  return {};
}

// "host:port" or "[v6]:port".
std::pair<std::string, std::string> SplitAuthority(std::string_view authority, std::string_view otherwise) {
  std::string_view host = authority, port = otherwise;
  std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(port)};
}

}  // namespace

Gate::Gate(GateOptions options) : options_(std::move(options)), stop_(::eventfd(0, EFD_CLOEXEC)) {}

void Gate::Serve(Kind kind, os::Fd listener) {
  acceptors_.emplace_back(
      [this, kind, shared = std::make_shared<os::Fd>(std::move(listener))] { Accept(kind, *shared); });
}

void Gate::Stop() {
  stopping_ = true;
  ::eventfd_write(stop_.get(), 1);
  for (auto& thread : acceptors_) thread.join();
  acceptors_.clear();
  std::list<Connection> last;
  {
    std::lock_guard lock(mutex_);
    last.swap(connections_);
  }
  for (auto& connection : last) connection.thread.join();
}

void Gate::Accept(Kind kind, const os::Fd& listener) {
  while (!stopping_) {
    pollfd waits[2] = {{listener.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waits, 2, -1) <= 0 || waits[0].revents == 0) continue;
    os::Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!peer) continue;
    std::lock_guard lock(mutex_);
    for (auto it = connections_.begin(); it != connections_.end();) {
      if (!it->done) {
        ++it;
        continue;
      }
      it->thread.join();
      it = connections_.erase(it);
    }
    if (connections_.size() >= options_.max_connections) continue;  // closes it
    Connection& connection = connections_.emplace_back();
    connection.thread = std::thread([this, kind, &connection, shared = std::make_shared<os::Fd>(std::move(peer))] {
      Answer(kind, std::move(*shared));
      connection.done = true;
    });
  }
}

void Gate::Answer(Kind kind, os::Fd peer) {
  if (kind == Kind::kCredentials) return AnswerCredentials(peer);
  if (kind == Kind::kProxy) return AnswerProxy(std::move(peer));
  if (kind == Kind::kInside) return AnswerInside(std::move(peer));
  auto endpoint = ParseEndpoint(options_.api_url());
  if (!endpoint) return;
  auto socket = ConnectAnywhere(endpoint->host, std::to_string(endpoint->port));
  if (socket.ok()) Join(std::move(peer), std::move(*socket), "", sent_, received_);
}

void Gate::AnswerInside(os::Fd peer) {
  os::Fd socket;
  {
    std::lock_guard lock(inside_mutex_);
    socket = options_.inside_socket();
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.inside_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto connected = Connect(std::move(socket), reinterpret_cast<sockaddr*>(&address), sizeof address);
  if (connected.ok()) Join(std::move(peer), std::move(*connected), "", received_, sent_);
}

std::string Gate::ReadHead(const os::Fd& peer, std::string& rest) const {
  std::string bytes;
  for (;;) {
    pollfd waits[2] = {{peer.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waits, 2, kIdleMillis) <= 0 || waits[1].revents != 0) return {};
    char buffer[4096];
    ssize_t got = ::recv(peer.get(), buffer, sizeof buffer, 0);
    if (got <= 0 || bytes.size() > kMaxHead) return {};
    bytes.append(buffer, static_cast<std::size_t>(got));
    if (auto end = bytes.find("\r\n\r\n"); end != std::string::npos) {
      rest = bytes.substr(end + 4);
      bytes.resize(end + 2);
      return bytes;
    }
  }
}

// docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
void Gate::AnswerCredentials(const os::Fd& peer) {
  std::string rest;
  std::string head = ReadHead(peer, rest);
  if (head.empty()) return;
  if (!head.starts_with("GET ")) return Reply(peer, "405 Method Not Allowed", "text/plain", "GET only\n");
  if (!ConstantTimeEqual(HeaderValue(head, "Authorization"), options_.credentials_token))
    return Reply(peer, "401 Unauthorized", "text/plain", "the authorization token is wrong\n");
  auto credentials = options_.credentials();
  if (!credentials.ok()) return Reply(peer, "503 Service Unavailable", "text/plain", "no credentials now\n");
  std::string body;
  codec::JsonWriter(body)
      .BeginObject()
      .Key("AccessKeyId")
      .String(credentials->access_key_id)
      .Key("SecretAccessKey")
      .String(credentials->secret_access_key)
      .Key("Token")
      .String(credentials->session_token)
      .Key("Expiration")
      .String(codec::FormatIso8601(credentials->expires))
      .EndObject();
  Reply(peer, "200 OK", "application/json", body);
}

void Gate::AnswerProxy(os::Fd peer) {
  std::string rest;
  std::string head = ReadHead(peer, rest);
  auto words = Split(std::string_view(head).substr(0, head.find("\r\n")), ' ');
  if (words.size() != 3) return;
  bool tunnel = words[0] == "CONNECT";
  std::string_view target = words[1];
  if (!tunnel && !target.starts_with("http://"))
    return Reply(peer, "400 Bad Request", "text/plain", "an absolute http:// target is needed\n");
  std::string_view authority = tunnel ? target : target.substr(7, target.find('/', 7) - 7);
  auto [host, port] = SplitAuthority(authority, tunnel ? "443" : "80");
  auto socket = ConnectOutside(host, port);
  if (!socket.ok())
    return Reply(peer, socket.error().kind() == ErrorKind::kDenied ? "403 Forbidden" : "502 Bad Gateway", "text/plain",
                 socket.error().message + "\n");
  std::string first = std::move(rest);
  if (tunnel) {
    if (!WriteAll(peer.get(), "HTTP/1.1 200 Connection established\r\n\r\n")) return;
  } else {
    // One request per connection: what follows it could be for another host.
    std::size_t slash = target.find('/', 7);
    std::string again = std::string(words[0]) + " " +
                        (slash == std::string_view::npos ? "/" : std::string(target.substr(slash))) + " HTTP/1.1\r\n";
    for (std::string_view line : Split(std::string_view(head).substr(head.find("\r\n") + 2), '\n')) {
      line = Trim(line);
      if (line.empty() || ToLower(line).starts_with("proxy-") || ToLower(line).starts_with("connection:")) continue;
      again.append(line).append("\r\n");
    }
    first = again + "Connection: close\r\n\r\n" + first;
  }
  Join(std::move(peer), std::move(*socket), std::move(first), sent_, received_);
}

void Gate::Join(os::Fd a, os::Fd b, std::string to_b, std::atomic<std::uint64_t>& from_a,
                std::atomic<std::uint64_t>& from_b) {
  from_a += to_b.size();
  if (!WriteAll(b.get(), to_b)) return;
  std::vector<char> buffer(64 * 1024);
  bool open[2] = {true, true};  // from a, from b
  const int sockets[2] = {a.get(), b.get()};
  while ((open[0] || open[1]) && !stopping_) {
    pollfd waits[3] = {
        {open[0] ? sockets[0] : -1, POLLIN, 0}, {open[1] ? sockets[1] : -1, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(waits, 3, -1) <= 0) continue;
    for (int side : {0, 1}) {
      if (waits[side].revents == 0) continue;
      ssize_t got = ::recv(sockets[side], buffer.data(), buffer.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (got <= 0) {
        open[side] = false;
        ::shutdown(sockets[1 - side], SHUT_WR);
        if (got < 0) return;
      } else if (!WriteAll(sockets[1 - side], {buffer.data(), static_cast<std::size_t>(got)})) {
        return;
      } else {
        (side == 0 ? from_a : from_b) += static_cast<std::uint64_t>(got);
      }
    }
  }
}

}  // namespace aloft::compute
