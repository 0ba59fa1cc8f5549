// Threads that own sockets. Servers and clients that share them keep a forwarded request on one thread, instead of
// waking another one for each hop.
//
//   const auto threads = IoThreads::Start(2, "io");
//   ServerOptions{.io_threads = threads}, ClientOptions{.io_threads = threads}
#pragma once

#include <memory>
#include <string>

namespace aloft::http {

// Each user holds it, so the threads end when the last server or client has gone; that must not happen on one of them.
class IoThreads {
 public:
  // `name` gets a number behind it, and is shown by ps and top.
  static std::shared_ptr<IoThreads> Start(int threads, const std::string& name);
  virtual ~IoThreads() = default;
};

}  // namespace aloft::http
