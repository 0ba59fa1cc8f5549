// The native worker in the place of our Python one, which made the model and stays behind it: what both answer alike is
// answered here, everything else is passed on, so that a reply does not tell who made it.
#pragma once

#include <memory>
#include <string>

#include "foundation/http/client.h"
#include "foundation/http/server.h"
#include "foundation/os/thread_pool.h"
#include "services/serving/onnx_worker/joiner.h"
#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

// What a passed-on request has, so that Python knows its front from callers of before.
inline constexpr char kPassedOn[] = "X-Aloft-Passed-On";
// In what is answered here, in GET /ping's answer, too: who serves.
inline constexpr char kEngine[] = "X-Aloft-Engine";

class StandIn final : public http::Handler {
 public:
  // `behind`: the Python worker's socket. `says`: why this one serves, for GET /batching. All outlive the handler;
  // `pool` is stopped before it goes.
  StandIn(const OnnxModel& model, Joiner& joiner, os::ThreadPool& pool, http::Client& client, std::string behind,
          std::string says);

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override;

 private:
  void Predict(const std::shared_ptr<http::Exchange>& exchange, std::string body);
  void PassOn(const std::shared_ptr<http::Exchange>& exchange, std::string body);
  std::string Explain() const;

  const OnnxModel& model_;
  Joiner& joiner_;
  os::ThreadPool& pool_;
  http::Client& client_;
  const std::string behind_, says_, engine_;
};

}  // namespace aloft::onnx_worker
