// An HTTP/1.1 server: sockets and TLS on its own threads, requests handed to a Handler as an Exchange.
//
// Threads: one io_context per thread, each with its own listening socket (SO_REUSEPORT). Handler::OnRequest runs on
// such a thread and must not block; whoever answers may do so from any thread. A connection reads no next request
// before the current one is answered (pipelined requests wait in the socket), so one connection holds at most one
// Exchange.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/clock.h"
#include "foundation/base/log.h"
#include "foundation/base/metrics.h"
#include "foundation/http/io_threads.h"
#include "foundation/http/message.h"
#include "foundation/http/tls_identity.h"

namespace aloft::http {

// One request waiting for its one response. If the last reference goes without a Reply, 500 is sent.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual const RequestHead& head() const = 0;
  // Who the client is by its certificate, of TlsIdentity's client authority, whose key it has. Null: it showed none.
  virtual const PeerCertificate* peer() const { return nullptr; }

  // Reads the whole body, at most `limit` bytes (else kTooLarge, and the connection closes after the reply). Call at
  // most one of ReadBody and StreamBody, once; either sends "100 Continue" at once where the client waits for it.
  // Without either, a reply drains a small body or closes the connection.
  virtual void ReadBody(std::uint64_t limit, std::function<void(Result<std::string>)> done) = 0;
  virtual void StreamBody(std::shared_ptr<BodySink> sink) = 0;

  // Exactly once, from any thread.
  virtual void Reply(Response response) = 0;

  // Runs `aborted` (once, on the connection's thread) if the peer goes away before the reply. Optional.
  virtual void OnAbort(std::function<void()> aborted) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual void OnRequest(std::shared_ptr<Exchange> exchange) = 0;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // or a path beginning with '/' for a Unix socket
  std::uint16_t port = 0;             // 0: the kernel chooses
  int threads = 1;                    // of its own, where none are shared
  std::shared_ptr<IoThreads> io_threads{};
  std::size_t max_head_bytes = 64 * 1024;
  std::size_t max_connections = 20'000;
  // Progress, not total time: each deadline restarts with every byte that moves.
  std::chrono::milliseconds head_timeout{30'000};
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds drain_timeout{30'000};
};

class Server {
 public:
  // `tls` absent: plain text. The handler, log and metrics must outlive the server.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, std::unique_ptr<TlsIdentity> tls,
                                               Handler& handler, Log log, Metrics& metrics);
  virtual ~Server() = default;

  virtual std::uint16_t port() const = 0;
  // New handshakes use the new identity; open connections go on.
  virtual Status ReloadTls(const TlsIdentity& tls) = 0;
  // Stops accepting, lets running exchanges finish until the drain timeout, closes and joins. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace aloft::http
