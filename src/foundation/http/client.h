// An HTTP/1.1 client with a pool of connections per destination.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "foundation/base/log.h"
#include "foundation/http/io_threads.h"
#include "foundation/http/message.h"
#include "foundation/http/tls_identity.h"

namespace aloft::http {

struct Destination {
  std::string host{};  // name or address; or a path beginning with '/' for a Unix socket
  std::uint16_t port = 0;
  bool tls = false;
  friend auto operator<=>(const Destination&, const Destination&) = default;
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  // Host is made where absent; Content-Length, Transfer-Encoding and Connection are the client's own.
  Headers headers{};
  Body body{};
  std::chrono::milliseconds timeout{30'000};  // without progress
  // The caller vouches that a second run does no harm, as GET, HEAD, PUT and DELETE promise by themselves.
  bool repeatable = false;
  // Where given, runs on the client's thread before the first byte of the body is handed out.
  std::function<void(int status, const Headers& headers)> on_head{};
  // Where given, asked whenever the sink wants more: true breaks the response off, as kCancelled.
  std::function<bool()> unwanted{};
};

struct ClientResponse {
  int status = 0;
  Headers headers{};
  std::string body{};  // empty where a sink took it
};

struct ClientOptions {
  std::string ca_pem{};    // trusted roots; empty: the system's
  TlsIdentity identity{};  // shown to servers that ask; empty: none
  int threads = 1;         // of its own, where none are shared
  std::shared_ptr<IoThreads> io_threads{};
  std::size_t max_connections_per_destination = 64;
  std::size_t max_waiting_per_destination = 4096;  // requests that wait for a connection; more are refused
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds idle_timeout{55'000};  // of a pooled connection; less than servers allow
  std::size_t max_response_bytes = 64u << 20;      // of a body that is kept in memory
  // Where given: which IP addresses may be connected to, asked for each address of a name after it was resolved. For
  // destinations that users choose; Unix sockets are refused then.
  std::function<bool(std::string_view address)> allow_address{};
};

// Errors: kUnavailable (no connection; nothing was sent: repeating is safe), kDeadlineExceeded, kIoError (broken after
// something was sent), kCancelled (the client was destroyed), kInvalidArgument (the request cannot be written), and
// those of errors.h for responses that cannot be read.
//
// A pooled connection may turn out to be closed by its server. Where no byte of a response came, the body can be made
// again (text or file) and either the method is idempotent, the request is `repeatable`, or it was not sent whole, the
// request is repeated once on a new connection.
class Client {
 public:
  static Result<std::unique_ptr<Client>> Create(ClientOptions options);
  // Cancels what runs; every `done` has run when it returns. Not on a thread of the client.
  virtual ~Client() = default;

  // `done` runs once, on a thread of the client. `sink`, where given, takes the body of a 2xx response: OnEnd comes
  // before `done`; if the body breaks off, OnAbort and then `done` with the error.
  virtual void Send(const Destination& destination, ClientRequest request,
                    std::function<void(Result<ClientResponse>)> done, std::shared_ptr<BodySink> sink = nullptr) = 0;

  // Waits. Never call it on a thread of the client or of a server.
  Result<ClientResponse> Call(const Destination& destination, ClientRequest request,
                              std::shared_ptr<BodySink> sink = nullptr);
};

}  // namespace aloft::http
