// How the server talks to a worker: HTTP over the Unix socket of its task. An interface, so that a test can be the
// worker.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "foundation/base/result.h"
#include "services/serving/routing/invocation.h"

namespace aloft::http {
class Client;
}

namespace aloft::serving {

struct WorkerAnswer {
  int status = 0;
  std::string content_type, custom_attributes, json_length, body;
  std::string container;  // of a pipeline: whose answer this is, where it is none of the last one's
  int batch = 1;          // requests that the worker computed together, this one included
  std::string refusal;    // set where the worker itself refuses: "ModelNotFound", "ModelNotReady", ...
};

// Where a worker answers, as one text: its socket, and the paths of a container that has its own. What takes a socket's
// path takes such a text, too; a record keeps it.
struct WorkerAddress {
  std::string socket, ping = "/ping", invocations = "/invocations";

  std::string Text() const;
  static WorkerAddress Of(const std::string& text);
};

struct Pong {
  bool healthy = false;
  // What computes, where our own worker says that it is not the one of its runtime: "onnxruntime-1.31.1".
  std::string engine{};
};

class WorkerClient {
 public:
  virtual ~WorkerClient() = default;

  // GET /ping. A 200 within two seconds is healthy. On any thread.
  virtual void Ping(const std::string& socket_path, std::function<void(Pong)> done) = 0;

  // POST /invocations. kUnavailable where nothing was sent: another worker may be asked. kDeadlineExceeded; kIoError
  // where the worker went away in the middle.
  virtual void Invoke(const std::string& socket_path, const Invocation& invocation, std::chrono::milliseconds timeout,
                      std::function<void(Result<WorkerAnswer>)> done) = 0;
};

// Over a pool of connections of `client`, which must outlive it.
std::unique_ptr<WorkerClient> MakeHttpWorkerClient(http::Client& client);

}  // namespace aloft::serving
