// An HTTP/1.1 client with a pool of connections per destination.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/log.h"
#include "foundation/http/message.h"

namespace aloft::http {

struct Destination {
  std::string host;  // name or address; or a path beginning with '/' for a Unix socket
  std::uint16_t port = 0;
  bool tls = false;
  friend auto operator<=>(const Destination&, const Destination&) = default;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;  // Host, Content-Length, Transfer-Encoding are the client's own unless given
  Body body;
  std::chrono::milliseconds timeout{30'000};  // without progress
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;  // empty where a sink took it
  // True where the failure came before a byte of the request was written: repeating is safe.
};

struct ClientOptions {
  std::string ca_pem;  // trusted roots; empty: the system's
  int threads = 1;
  std::size_t max_connections_per_destination = 64;
  std::chrono::milliseconds connect_timeout{5'000};
  std::size_t max_response_bytes = 64u << 20;  // of a body that is kept in memory
};

// Errors: kUnavailable (no connection; nothing was sent), kDeadlineExceeded, kIoError (broken after something was
// sent).
class Client {
 public:
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);
  virtual ~Client() = default;  // cancels what runs

  // `done` runs once on a thread of the client. `sink`, where given, takes the body of a 2xx response.
  virtual void Send(const Destination& destination, ClientRequest request,
                    std::function<void(Result<ClientResponse>)> done, std::shared_ptr<BodySink> sink = nullptr) = 0;

  // Waits. Never call it on a thread of the client or of a server.
  Result<ClientResponse> Call(const Destination& destination, ClientRequest request,
                              std::shared_ptr<BodySink> sink = nullptr);
};

}  // namespace aloft::http
