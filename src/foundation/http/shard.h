// One thread's share of a server: its listening socket and its connections. Internal.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "foundation/http/loop.h"
#include "foundation/http/server.h"
#include "foundation/http/stream.h"
#include "foundation/os/fd.h"
#include "foundation/os/thread_pool.h"

namespace aloft::http {

class Connection;

struct ServerMetrics {
  explicit ServerMetrics(Metrics& metrics);
  Counter& Requests(int status) { return *requests_by_class[status >= 100 && status < 600 ? status / 100 - 1 : 4]; }

  Counter* requests_by_class[5];  // "1xx" to "5xx"
  Counter& bytes_received;
  Counter& bytes_sent;
  Counter& refused_connections;
  Counter& cold_reads;
  Gauge& connections;
  Gauge& in_flight;
  Histogram& seconds;
};

// What the shards of a server have in common.
struct ServerContext {
  ServerContext(ServerOptions options_in, Handler& handler_in, os::ThreadPool& disk_in, Log log_in, Metrics& metrics_in)
      : options(std::move(options_in)),
        handler(handler_in),
        disk(disk_in),
        log(std::move(log_in)),
        metrics(metrics_in) {}

  SslContext tls() {
    const std::lock_guard lock(tls_mutex);
    return tls_context;
  }
  void set_tls(SslContext context) {
    const std::lock_guard lock(tls_mutex);
    tls_context = std::move(context);
  }

  const ServerOptions options;
  Handler& handler;
  os::ThreadPool& disk;  // reads what is not in memory; stopped before the server goes
  const Log log;
  ServerMetrics metrics;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};  // no connection is kept any more
  std::function<void()>
      on_drained;  // set before the first shard; from any shard's thread when `connections` falls to 0

 private:
  std::mutex tls_mutex;
  SslContext tls_context;  // null: plain text
};

// Held by shared_ptr by each of its connections: a slow handler may own an exchange longer than the server lives.
class Shard : public std::enable_shared_from_this<Shard> {
 public:
  Shard(std::shared_ptr<ServerContext> context, std::shared_ptr<Loop> loop);

  ServerContext& context() { return *context_; }
  Loop& loop() { return *loop_; }

  // Loop's thread. `give`, where set, hands an accepted socket to some shard instead of keeping it here.
  void Listen(os::Fd listener, std::function<void(os::Fd, std::string)> give);
  void Adopt(os::Fd socket, std::string peer);
  // Accepts what waits already, then no more; connections finish what runs.
  void BeginDrain();
  void CloseAll();
  bool draining() const { return context_->stopping.load(std::memory_order_relaxed); }

  // For connections.
  void Add(Connection& connection);
  void Remove(Connection& connection);
  // Waiting for a head, thus the first to go when there are too many.
  void MarkIdle(Connection& connection);
  void MarkBusy(Connection& connection);

 private:
  struct Lists;
  void WaitAccept();
  void AcceptWaiting();
  bool EvictOneIdle();

  std::shared_ptr<ServerContext> context_;
  const std::shared_ptr<Loop> loop_;
  std::optional<boost::asio::posix::stream_descriptor> listener_;
  boost::asio::steady_timer retry_;
  std::function<void(os::Fd, std::string)> give_;
  std::shared_ptr<Lists> lists_;
  bool draining_ = false;
};

}  // namespace aloft::http
