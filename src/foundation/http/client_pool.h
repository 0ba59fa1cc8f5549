// One client thread's connections and the requests that wait for them. Internal.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "foundation/http/client.h"
#include "foundation/http/loop.h"
#include "foundation/http/tls.h"

namespace aloft::http {

class ClientConnection;
class ClientPool;

// A request on its way. Its own timer runs only while it waits for a connection.
struct Job final : Timer, std::enable_shared_from_this<Job> {
  ClientPool* pool = nullptr;
  Destination destination;
  ClientRequest request;
  std::function<void(Result<ClientResponse>)> done;
  std::shared_ptr<BodySink> sink;
  bool retried = false;

  // A job that is dropped was cancelled.
  ~Job() override { Finish(Fail(kCancelled, "The client is stopping")); }
  // Runs `done`, once.
  void Finish(Result<ClientResponse> result);

 private:
  void OnTimer() override;
};

// Held by shared_ptr by each connection.
class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  // `share`: how many pools divide the options' bounds among them.
  ClientPool(const ClientOptions& options, std::shared_ptr<ClientTls> tls, std::shared_ptr<Loop> loop,
             std::size_t share);

  Loop& loop() { return *loop_; }
  const ClientOptions& options() const { return options_; }
  ClientTls& tls() { return *tls_; }

  // Loop's thread.
  void Submit(std::shared_ptr<Job> job);
  void CancelAll();
  void DropWaiting(Job& job, Error error);

  // For connections: one has finished its request and can take another, or is closed.
  void Release(const std::shared_ptr<ClientConnection>& connection);
  void Remove(const std::shared_ptr<ClientConnection>& connection);
  // The pooled connection was stale: once more, on a new one.
  void Retry(std::shared_ptr<Job> job);

 private:
  struct Group {
    std::size_t connections = 0;
    std::vector<std::shared_ptr<ClientConnection>> idle;  // the most recently used last
    std::deque<std::shared_ptr<Job>> waiting;
  };
  void Open(Group& group, std::shared_ptr<Job> job);
  void Forget(const Destination& destination);

  ClientOptions options_;
  const std::shared_ptr<ClientTls> tls_;
  const std::size_t max_connections_;
  const std::size_t max_waiting_;
  const std::shared_ptr<Loop> loop_;
  std::map<Destination, Group> groups_;
  std::unordered_set<std::shared_ptr<ClientConnection>> open_;
  bool cancelled_ = false;
};

}  // namespace aloft::http
