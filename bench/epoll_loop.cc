#include "epoll_loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace aloft::bench {
namespace {

struct Connection {
  int fd;
  std::string in;
  off_t file_at = 0;
  off_t file_left = 0;
};

int g_file = -1;
off_t g_size = 0;

bool SendFile(Connection& connection) {
  while (connection.file_left > 0) {
    const ssize_t sent =
        ::sendfile(connection.fd, g_file, &connection.file_at, static_cast<size_t>(connection.file_left));
    if (sent < 0 && errno == EAGAIN) return true;
    if (sent <= 0) return false;
    connection.file_left -= sent;
  }
  return true;
}

bool Answer(const EpollAnswer& answer, Connection& connection, std::string_view head, std::string_view body) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: ";
  std::string text;
  const bool file = answer(head, body, text);
  out += std::to_string(file ? static_cast<unsigned long>(g_size) : text.size());
  out += "\r\n\r\n";
  out += text;
  if (::send(connection.fd, out.data(), out.size(), MSG_NOSIGNAL | (file ? MSG_MORE : 0)) !=
      static_cast<ssize_t>(out.size()))
    return false;
  if (!file) return true;
  connection.file_at = 0;
  connection.file_left = g_size;
  return SendFile(connection);
}

// Reads until there is no more: the edge is told once.
bool Handle(const EpollAnswer& answer, Connection& connection) {
  char bytes[65536];
  for (;;) {
    const ssize_t got = ::recv(connection.fd, bytes, sizeof(bytes), 0);
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    connection.in.append(bytes, static_cast<size_t>(got));
    const bool more = got == sizeof(bytes);
    const size_t end = connection.in.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const size_t length = connection.in.find("Content-Length: ");
    const size_t size = length < end ? std::strtoul(connection.in.c_str() + length + 16, nullptr, 10) : 0;
    if (connection.in.size() >= end + 4 + size) {
      const std::string_view all = connection.in;
      if (!Answer(answer, connection, all.substr(0, end), all.substr(end + 4, size))) return false;
      connection.in.clear();
    }
    if (!more) return true;
  }
}

}  // namespace

int RunEpollLoop(const char* path, const EpollAnswer& answer) {
  struct stat facts {};
  if (path != nullptr && (g_file = ::open(path, O_RDONLY)) >= 0 && ::fstat(g_file, &facts) == 0) g_size = facts.st_size;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 4096) != 0) return 1;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%u\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int epoll = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    epoll_event events[256];
    const int count = ::epoll_wait(epoll, events, 256, -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[i].data.ptr);
      if (connection == nullptr) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) continue;
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        event.events = EPOLLIN | EPOLLOUT | EPOLLET;
        event.data.ptr = new Connection{fd, {}};
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        continue;
      }
      bool good = connection->file_left == 0 || SendFile(*connection);
      if (good && (events[i].events & EPOLLIN) != 0) good = Handle(answer, *connection);
      if (!good) {
        ::close(connection->fd);
        delete connection;
      }
    }
  }
}

}  // namespace aloft::bench
