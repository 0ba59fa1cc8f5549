// Answers 503 until the system stands: the server must listen before it can tell its rooms its address.
#pragma once

#include <atomic>

#include "foundation/http/server.h"

namespace aloft::gateway {

class LateHandler final : public http::Handler {
 public:
  void Set(http::Handler& handler) { handler_.store(&handler, std::memory_order_release); }

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override {
    if (auto* handler = handler_.load(std::memory_order_acquire)) return handler->OnRequest(std::move(exchange));
    exchange->Reply({503, {{"Retry-After", "1"}}, std::string("Aloft is starting\n")});
  }

 private:
  std::atomic<http::Handler*> handler_{nullptr};
};

}  // namespace aloft::gateway
