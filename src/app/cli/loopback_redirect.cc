#include "app/cli/loopback_redirect.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "foundation/base/bytes.h"
#include "foundation/codec/uri.h"

namespace aloft::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMostHead = 16 * 1024;
constexpr milliseconds kReadPatience{5'000};

bool Readable(int fd, milliseconds patience) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(patience.count())) > 0;
}

// Up to the end of the head; empty where it does not come.
std::string ReadHead(int fd) {
  std::string head;
  char buffer[2048];
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < kMostHead) {
    if (!Readable(fd, kReadPatience)) return "";
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) return "";
    head.append(buffer, static_cast<std::size_t>(count));
  }
  return head;
}

void Answer(int fd, const char* status, const char* words) {
  const std::string body = std::string("<!doctype html><title>Aloft</title><p>") + words + "</p>\n";
  const std::string answer = std::string("HTTP/1.1 ") + status +
                             "\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
                             "Referrer-Policy: no-referrer\r\nConnection: close\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body;
  std::size_t sent = 0;
  while (sent < answer.size()) {
    const ssize_t count = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

// The parameters of a call of the page itself; absent for anything else.
std::optional<codec::Query> ParametersOf(const std::string& head) {
  constexpr std::string_view kStart = "GET /callback?";
  if (!head.starts_with(kStart)) return std::nullopt;
  const std::size_t end = head.find(' ', kStart.size());
  if (end == std::string::npos) return std::nullopt;
  return codec::ParseQuery(std::string_view(head).substr(kStart.size(), end - kStart.size()));
}

}  // namespace

Result<LoopbackRedirect> LoopbackRedirect::Listen() {
  os::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.valid()) return SystemError("socket", errno);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener.get(), 8) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return SystemError("listening on 127.0.0.1", errno);
  return LoopbackRedirect(std::move(listener), ntohs(address.sin_port));
}

Result<std::string> LoopbackRedirect::Wait(const std::string& state, std::chrono::seconds patience) {
  const auto end = steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds(0) || !Readable(listener_.get(), left))
      return Fail(kUnavailable, "Nobody came back from the issuer's page in time");
    const os::Fd visitor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!visitor.valid()) continue;
    const auto parameters = ParametersOf(ReadHead(visitor.get()));
    // Another page's link to this one knows no state, and must not end the wait.
    const std::string* given = parameters ? codec::Find(*parameters, "state") : nullptr;
    if (given == nullptr || !ConstantTimeEqual(*given, state)) {
      Answer(visitor.get(), "400 Bad Request", "This is not the sign-in that was begun here.");
      continue;
    }
    const std::string* code = codec::Find(*parameters, "code");
    if (code != nullptr && !code->empty()) {
      Answer(visitor.get(), "200 OK", "You are signed in. This page can be closed.");
      return *code;
    }
    const std::string* error = codec::Find(*parameters, "error");
    Answer(visitor.get(), "200 OK", "The issuer refused to sign you in.");
    return Fail(kInvalidArgument,
                "The issuer refused: " + (error != nullptr ? error->substr(0, 200) : std::string("no code")));
  }
}

}  // namespace aloft::app
