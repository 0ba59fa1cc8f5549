#include "load_loop.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

namespace aloft::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double CpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

Result<int> Connect(const std::string& target) {
  int fd = -1;
  int result = -1;
  if (target.starts_with('/')) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, target.c_str(), sizeof(address.sun_path) - 1);
    fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  } else {
    const std::size_t colon = target.rfind(':');
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (colon == std::string::npos || ::inet_pton(AF_INET, target.substr(0, colon).c_str(), &address.sin_addr) != 1)
      return Fail(kInvalidArgument, "the target is ADDRESS:PORT or a path");
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(target.substr(colon + 1))));
    fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    result = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  if (result != 0) return SystemError("connect to " + target, errno);
  return fd;
}

class Loop {
 public:
  Loop(const LoadOptions& options, const std::vector<PreparedRequest>& requests)
      : options_(options), requests_(requests), epoll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(1 << 20, '\0') {}

  Result<LoadReport> Run() {
    for (std::size_t i = 0; i < options_.connections; ++i) {
      auto connection = std::make_unique<Connection>();
      ALOFT_TRY(Open(*connection));
      connections_.push_back(std::move(connection));
    }
    report_.latencies_us.reserve(1 << 20);
    const double cpu = CpuSeconds();
    const auto start = SteadyClock::now();
    end_ = start + std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(options_.seconds));
    for (const auto& connection : connections_) Begin(*connection);
    while (running_ > 0) {
      epoll_event events[256];
      const int count = ::epoll_wait(epoll_, events, 256, 10'000);
      if (count == 0) return Fail(kDeadlineExceeded, "nothing came for ten seconds");
      for (int i = 0; i < count; ++i) Handle(*static_cast<Connection*>(events[i].data.ptr), events[i].events);
    }
    report_.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
    report_.cpu_seconds = CpuSeconds() - cpu;
    return std::move(report_);
  }

 private:
  struct Connection {
    int fd = -1;
    const PreparedRequest* request = nullptr;
    std::size_t sent = 0;
    SteadyClock::time_point began;
    std::string head;  // of the response, while incomplete
    bool in_body = false;
    bool chunked = false;
    bool closes = false;  // the server ends the connection after this response
    std::string tail;     // of a chunked body
    std::uint64_t left = 0;
  };

  Status Open(Connection& connection) {
    ALOFT_ASSIGN(connection.fd, Connect(options_.target));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    return {};
  }

  void Begin(Connection& connection) {
    const bool enough = options_.requests > 0 ? begun_ >= options_.requests : SteadyClock::now() >= end_;
    if (enough) {
      connection.request = nullptr;
      return;
    }
    connection.request = &requests_[begun_++ % requests_.size()];
    connection.sent = 0;
    connection.in_body = false;
    connection.began = SteadyClock::now();
    ++running_;
    Send(connection);
  }

  void Send(Connection& connection) {
    const std::string& head = connection.request->head;
    const std::string& body = *connection.request->body;
    while (connection.sent < head.size() + body.size()) {
      iovec parts[2];
      int count = 0;
      const std::size_t body_sent = connection.sent > head.size() ? connection.sent - head.size() : 0;
      if (connection.sent < head.size())
        parts[count++] = {const_cast<char*>(head.data()) + connection.sent, head.size() - connection.sent};
      if (body_sent < body.size())
        parts[count++] = {const_cast<char*>(body.data()) + body_sent, body.size() - body_sent};
      msghdr message{};
      message.msg_iov = parts;
      message.msg_iovlen = static_cast<std::size_t>(count);
      const ssize_t sent = ::sendmsg(connection.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) {
        if (errno == EAGAIN) return;
        return Break(connection);
      }
      connection.sent += static_cast<std::size_t>(sent);
      report_.bytes_sent += static_cast<std::uint64_t>(sent);
    }
  }

  void Handle(Connection& connection, std::uint32_t events) {
    if (connection.request == nullptr) return;
    if ((events & EPOLLOUT) != 0 &&
        connection.sent < connection.request->head.size() + connection.request->body->size())
      Send(connection);
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) return;
    for (;;) {
      const ssize_t got = ::recv(connection.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return Break(connection);
      report_.bytes_received += static_cast<std::uint64_t>(got);
      Take(connection, std::string_view(scratch_).substr(0, static_cast<std::size_t>(got)));
      // A short read has emptied the socket; the edge comes again with the next byte.
      if (static_cast<std::size_t>(got) < scratch_.size() || connection.request == nullptr) return;
    }
  }

  void Take(Connection& connection, std::string_view bytes) {
    if (!connection.in_body) {
      connection.head.append(bytes);
      const std::size_t end = connection.head.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const std::string head = connection.head.substr(0, end + 2);
      bytes.remove_prefix(bytes.size() - (connection.head.size() - end - 4));
      connection.head.clear();
      ReadHead(connection, head);
    }
    if (connection.chunked) {
      connection.tail.append(bytes.substr(bytes.size() > 7 ? bytes.size() - 7 : 0));
      if (connection.tail.size() > 7) connection.tail.erase(0, connection.tail.size() - 7);
      if (connection.tail.ends_with("0\r\n\r\n")) Finish(connection);
    } else {
      connection.left -= std::min<std::uint64_t>(connection.left, bytes.size());
      if (connection.left == 0) Finish(connection);
    }
  }

  void ReadHead(Connection& connection, std::string head) {
    ++report_.statuses[head.size() > 12 ? std::atoi(head.c_str() + 9) : 0];
    std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
    connection.in_body = true;
    connection.chunked = head.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos;
    connection.closes = head.starts_with("http/1.0") || head.find("\r\nconnection: close\r\n") != std::string::npos;
    const std::size_t length = head.find("\r\ncontent-length: ");
    connection.left = length == std::string::npos ? 0 : std::strtoull(head.c_str() + length + 18, nullptr, 10);
    connection.tail.clear();
  }

  void Finish(Connection& connection) {
    --running_;
    ++report_.requests;
    report_.latencies_us.push_back(
        std::chrono::duration<float, std::micro>(SteadyClock::now() - connection.began).count());
    if (connection.closes) {
      ::close(connection.fd);
      if (const Status opened = Open(connection); !opened.ok()) {
        ++report_.errors;
        connection.request = nullptr;
        return;
      }
    }
    Begin(connection);
  }

  void Break(Connection& connection) {
    --running_;
    ++report_.errors;
    ::close(connection.fd);
    connection.request = nullptr;
    connection.head.clear();
    if (report_.errors < 1000 && Open(connection).ok()) Begin(connection);
  }

  const LoadOptions& options_;
  const std::vector<PreparedRequest>& requests_;
  const int epoll_;
  std::string scratch_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t running_ = 0;
  std::uint64_t begun_ = 0;
  SteadyClock::time_point end_;
  LoadReport report_;
};

}  // namespace

Result<LoadReport> RunLoad(const LoadOptions& options, const std::vector<PreparedRequest>& requests) {
  return Loop(options, requests).Run();
}

}  // namespace aloft::bench
