// The only ways out of a sandbox's network: the cloud's API, the task's credentials, and, where allowed, the internet.
//
// The gate owns sockets that listen on the loopback inside the sandbox, and answers them from outside. A connection to
// the API's socket is joined to the API's address; nothing else on this host can be reached. The proxy speaks HTTP
// CONNECT (and plain requests with an absolute target) and refuses this host and link-local addresses.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"
#include "platform/compute/credentials.h"

namespace aloft::compute {

struct GateOptions {
  std::function<std::string()> api_url{};  // asked for each connection
  std::function<Result<Credentials>()> credentials{};
  std::string credentials_token{};  // what the code must send to get credentials
  std::size_t max_connections = 256;
  std::function<os::Fd()> inside_socket{};  // a socket of the network inside, not connected; one call at a time
  std::uint16_t inside_port = 0;
};

class Gate {
 public:
  enum class Kind {
    kApi,
    kCredentials,
    kProxy,
    kInside,  // the other way round: from a socket outside to a port inside
  };

  explicit Gate(GateOptions options);
  ~Gate() { Stop(); }

  void Serve(Kind kind, os::Fd listener);
  void Stop();  // ends every connection; joins

  // Bytes that came in to the sandbox, and went out of it; without what is asked of the credentials.
  std::uint64_t received() const { return received_; }
  std::uint64_t sent() const { return sent_; }

 private:
  struct Connection {
    std::thread thread;
    std::atomic<bool> done{false};
  };
  void Accept(Kind kind, const os::Fd& listener);
  void Answer(Kind kind, os::Fd peer);
  void AnswerCredentials(const os::Fd& peer);
  void AnswerProxy(os::Fd peer);
  void AnswerInside(os::Fd peer);
  // What `a` sends is counted in `from_a`, what `b` sends in `from_b`.
  void Join(os::Fd a, os::Fd b, std::string to_b, std::atomic<std::uint64_t>& from_a,
            std::atomic<std::uint64_t>& from_b);
  // One request's head; empty at an error.
  std::string ReadHead(const os::Fd& peer, std::string& rest) const;

  GateOptions options_;
  os::Fd stop_;  // readable once stopping: wakes every wait
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> received_{0}, sent_{0};
  std::vector<std::thread> acceptors_;
  std::mutex mutex_, inside_mutex_;
  std::list<Connection> connections_;
};

}  // namespace aloft::compute
