// The worker's doors: GET /ping, POST /invocations, GET /metrics, GET /batching.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "foundation/base/metrics.h"
#include "foundation/http/server.h"
#include "foundation/os/thread_pool.h"
#include "services/serving/onnx_worker/joiner.h"
#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

inline constexpr std::uint64_t kMaxBodyBytes = 64u << 20;  // the server in front has its own, smaller limit

class Worker final : public http::Handler {
 public:
  // All outlive the worker; `pool` is stopped before it goes. `metrics` also shows what the HTTP server counts.
  Worker(const OnnxModel& model, Joiner& joiner, os::ThreadPool& pool, Metrics& metrics);

  void OnRequest(std::shared_ptr<http::Exchange> exchange) override;

 private:
  struct Request;

  void Invoke(const std::shared_ptr<http::Exchange>& exchange);
  void Predict(const std::shared_ptr<http::Exchange>& exchange, const std::string& body);
  // Its rows come into `rows`.
  Result<Request> Decode(const http::RequestHead& head, const std::string& body, std::vector<Rows>& rows) const;
  static Result<http::Response> Encode(const Request& request, const std::vector<Output>& outputs);
  void Count(bool good, std::chrono::steady_clock::time_point start);
  // The Open Inference Protocol's paths.
  void OnTensorPath(const std::shared_ptr<http::Exchange>& exchange);
  http::Response Metadata(const std::string& model);

  const OnnxModel& model_;
  Joiner& joiner_;
  os::ThreadPool& pool_;
  Metrics& metrics_;
  Counter& predictions_;
  Counter& refusals_;
  Histogram& seconds_;
};

}  // namespace aloft::onnx_worker
