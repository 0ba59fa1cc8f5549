// What this room's tests share: a handler made of a function, and a client that sends exactly the bytes it is given.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "foundation/base/bytes.h"
#include "foundation/http/server.h"
#include "foundation/os/fd.h"

namespace aloft::http {

class FunctionHandler final : public Handler {
 public:
  using Function = std::function<void(std::shared_ptr<Exchange>)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  void OnRequest(std::shared_ptr<Exchange> exchange) override { function_(std::move(exchange)); }

 private:
  const Function function_;
};

inline Response Text(std::string body, int status = 200) {
  return Response{status, {{"Content-Type", "text/plain"}}, std::move(body)};
}

// A server with its handler.
struct TestServer {
  explicit TestServer(FunctionHandler::Function function, ServerOptions options = {},
                      std::unique_ptr<TlsIdentity> tls = nullptr)
      : handler(std::move(function)) {
    auto started = Server::Start(std::move(options), std::move(tls), handler, Log::Discard(), metrics);
    EXPECT_TRUE(started.ok()) << Describe(started.error());
    if (started.ok()) server = *std::move(started);
  }

  FunctionHandler handler;
  Metrics metrics;
  std::unique_ptr<Server> server;
};

// A blocking socket. Every read gives up after ten seconds, so that a broken server fails a test instead of hanging it.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    Connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }

  int fd() const { return fd_.get(); }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Sends what the socket takes now; returns how much.
  std::size_t SendSome(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  void FinishSending() { ::shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  // Closing then sends a reset.
  void CloseHard() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    fd_.Reset();
  }

  // The next head, with its empty line; empty at the end.
  std::string ReadHead() {
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!Fill()) return {};
    }
    return Take(buffer_.find("\r\n\r\n") + 4);
  }
  std::string ReadBytes(std::size_t size) {
    while (buffer_.size() < size && Fill()) {
    }
    return Take(std::min(size, buffer_.size()));
  }
  std::string ReadAll() {
    while (Fill()) {
    }
    return Take(buffer_.size());
  }
  // Head and body of one response that has a Content-Length; the body alone is returned, the head kept in last_head.
  std::string ReadResponse() {
    last_head = ReadHead();
    const std::size_t at = last_head.find("Content-Length: ");
    if (at == std::string::npos) return {};
    return ReadBytes(std::stoull(last_head.substr(at + 16)));
  }
  // "200", or empty where the connection ended.
  std::string Ask(std::string_view request) {
    Send(request);
    last_body = ReadResponse();
    return last_head.size() > 12 ? last_head.substr(9, 3) : "";
  }
  bool AtEnd() { return buffer_.empty() && !Fill(); }

  std::string last_head;
  std::string last_body;

 private:
  void Connect(const sockaddr* address, socklen_t size) {
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    EXPECT_EQ(::connect(fd_.get(), address, size), 0) << std::strerror(errno);
  }
  bool Fill() {
    char bytes[16384];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof(bytes), 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) ADD_FAILURE() << "nothing came for ten seconds";
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  std::string Take(std::size_t size) {
    std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return bytes;
  }

  os::Fd fd_;
  std::string buffer_;
};

// Takes pieces when the test says so.
class PuppetSink final : public BodySink {
 public:
  void OnChunk(std::string chunk, std::function<void()> next) override {
    const std::lock_guard lock(mutex_);
    bytes_ += chunk.size();
    next_ = std::move(next);
    changed_.notify_all();
  }
  void OnEnd() override { Set(ended_); }
  void OnAbort(Error error) override {
    reason_ = error.reason;
    Set(aborted_);
  }

  // Waits for a piece, and asks for the next one.
  bool Step() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return next_ || ended_ || aborted_; });
    const auto next = std::exchange(next_, nullptr);
    lock.unlock();
    if (next) next();
    return next != nullptr;
  }
  std::size_t bytes() {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  bool ended() { return Get(ended_); }
  bool aborted() { return Get(aborted_); }
  Reason reason() const { return reason_; }  // after aborted()

 private:
  void Set(bool& flag) {
    const std::lock_guard lock(mutex_);
    flag = true;
    changed_.notify_all();
  }
  bool Get(const bool& flag) {
    const std::lock_guard lock(mutex_);
    return flag;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t bytes_ = 0;
  std::function<void()> next_;
  Reason reason_;
  bool ended_ = false;
  bool aborted_ = false;
};

// An unnamed file with this content, open for reading.
inline std::shared_ptr<const int> OpenFileWith(std::string_view bytes) {
  char name[] = "/tmp/aloft-http-test-XXXXXX";
  const int fd = ::mkstemp(name);
  ::unlink(name);
  EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return {new int(fd), [](const int* owned) {
            ::close(*owned);
            delete owned;
          }};
}

}  // namespace aloft::http
