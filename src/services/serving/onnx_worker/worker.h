// The worker's doors: GET /ping, POST /invocations, GET /metrics.
#pragma once

#include <atomic>
#include <memory>

#include "foundation/base/metrics.h"
#include "foundation/http/server.h"
#include "foundation/os/thread_pool.h"
#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

inline constexpr std::uint64_t kMaxBodyBytes = 64u << 20;  // the server in front has its own, smaller limit

class Worker final : public http::Handler {
 public:
  // All outlive the worker; `pool` is stopped before it goes. `metrics` also shows what the HTTP server counts.
  Worker(const OnnxModel& model, os::ThreadPool& pool, Metrics& metrics);

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override;

 private:
  void Invoke(const std::shared_ptr<http::Exchange>& exchange);
  void Predict(http::Exchange& exchange, const std::string& body);
  Result<http::Response> Answer(const http::RequestHead& head, const std::string& body);
  // The Open Inference Protocol's paths.
  void OnTensorPath(const std::shared_ptr<http::Exchange>& exchange);
  Result<http::Response> AnswerTensors(const http::RequestHead& head, const std::string& body);
  http::Response Metadata(const std::string& model);

  const OnnxModel& model_;
  os::ThreadPool& pool_;
  Metrics& metrics_;
  Counter& predictions_;
  Counter& refusals_;
  Histogram& seconds_;
  // Of one prediction, smoothed. A quick model answers on the connection's thread; a slow one would keep other
  // connections waiting there and goes to the pool.
  std::atomic<std::int64_t> typical_micros_{0};
};

}  // namespace aloft::onnx_worker
