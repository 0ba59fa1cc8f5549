#include "platform/compute/agent/gate.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "foundation/http/server.h"

namespace aloft::compute {
namespace {

using testing::HasSubstr;

struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
  os::Fd fd;
  std::uint16_t port = 0;
};

// Sends, then reads until the other side closes.
std::string Ask(std::uint16_t port, const std::string& text) {
  os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  timeval patience{10, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return "no connection";
  EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t got; (got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(got));
  return answer;
}

class Api final : public http::Handler {
 public:
  void OnRequest(std::shared_ptr<http::Exchange> exchange) override {
    exchange->Reply({200, {}, "api " + exchange->head().target});
  }
};

// The API is reached through the gate, whatever its address is now.
TEST(GateTest, JoinsToTheApi) {
  Api api;
  Metrics metrics;
  auto server = http::Server::Start({}, nullptr, api, Log::Discard(), metrics);
  ASSERT_TRUE(server.ok());
  GateOptions options;
  options.api_url = [&] { return "http://127.0.0.1:" + std::to_string((*server)->port()); };
  Gate gate(options);
  Listener listener;
  gate.Serve(Gate::Kind::kApi, std::move(listener.fd));
  EXPECT_THAT(Ask(listener.port, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), HasSubstr("api /x"));
}

// The proxy is for the internet: neither this host nor the link-local addresses of clouds can be reached through it.
TEST(GateTest, ProxyRefusesThisHost) {
  Gate gate({});
  Listener listener;
  gate.Serve(Gate::Kind::kProxy, std::move(listener.fd));
  for (const char* target :
       {"127.0.0.1:22", "localhost:22", "169.254.169.254:80", "0.0.0.0:80", "[::1]:22", "[::ffff:127.0.0.1]:22"})
    EXPECT_THAT(Ask(listener.port, std::string("CONNECT ") + target + " HTTP/1.1\r\n\r\n"), HasSubstr(" 403 "))
        << target;
  EXPECT_THAT(Ask(listener.port, "GET http://127.0.0.1/ HTTP/1.1\r\n\r\n"), HasSubstr(" 403 "));
  EXPECT_THAT(Ask(listener.port, "GET /relative HTTP/1.1\r\n\r\n"), HasSubstr(" 400 "));
}

// Stopping must not wait for clients that say nothing.
TEST(GateTest, StopsAtOnce) {
  auto gate = std::make_unique<Gate>(GateOptions{});
  Listener listener;
  gate->Serve(Gate::Kind::kProxy, std::move(listener.fd));
  os::Fd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(listener.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  gate.reset();
  char byte;
  EXPECT_LE(::recv(silent.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace aloft::compute
