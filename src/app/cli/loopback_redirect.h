// A page on this machine that a browser is sent back to once: http://127.0.0.1:PORT/callback?code=..&state=..
#pragma once

#include <chrono>
#include <string>

#include "foundation/base/result.h"
#include "foundation/os/fd.h"

namespace aloft::app {

class LoopbackRedirect {
 public:
  static Result<LoopbackRedirect> Listen();

  std::string uri() const { return "http://127.0.0.1:" + std::to_string(port_) + "/callback"; }

  // The code that came with this very `state`; what else knocks is turned away and waited past. kInvalidArgument with
  // the issuer's words where it refused, kUnavailable where nobody came in time. Blocks.
  Result<std::string> Wait(const std::string& state, std::chrono::seconds patience);

 private:
  LoopbackRedirect(os::Fd listener, int port) : listener_(std::move(listener)), port_(port) {}

  os::Fd listener_;
  int port_;
};

}  // namespace aloft::app
