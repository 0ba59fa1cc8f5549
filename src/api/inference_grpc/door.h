// The Open Inference Protocol's gRPC door: answers clients' calls by asking the server over REST.
//
// It holds no secrets and has no rights: what a caller may is decided by the server, from the token that the call's
// metadata brings (`authorization: Bearer ...`, `aloft token <endpoint>`). Thread-safe; nothing blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "foundation/base/result.h"
#include "foundation/http/client.h"

namespace aloft::inference_grpc {

struct DoorOptions {
  std::string address = "127.0.0.1:9711";  // "host:port"; port 0: the kernel chooses
  std::string certificate_pem, key_pem;    // both empty: plain text
  http::Destination server;                // of the REST protocol
  int max_requests_in_flight = 512;        // more are refused with RESOURCE_EXHAUSTED
};

class Door {
 public:
  // Listens. `client` outlives the door. kUnavailable where the address cannot be listened on.
  static Result<std::unique_ptr<Door>> Open(DoorOptions options, http::Client& client);
  virtual ~Door() = default;

  virtual int port() const = 0;
  // No new calls; running ones get a few seconds.
  virtual void Stop() = 0;
};

}  // namespace aloft::inference_grpc
