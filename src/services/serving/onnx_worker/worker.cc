#include "services/serving/onnx_worker/worker.h"

#include <algorithm>
#include <chrono>

#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/decode.h"
#include "services/serving/onnx_worker/encode.h"
#include "services/serving/onnx_worker/open_inference.h"

namespace aloft::onnx_worker {
namespace {

constexpr std::int64_t kQuickMicros = 500;
constexpr std::size_t kMaxTrialElements = 16u << 20;
constexpr char kJsonLength[] = "Inference-Header-Content-Length";

http::Response Refuse(int status, std::string_view message) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  std::string body;
  codec::JsonWriter(body).BeginObject().Key("error").String(message).EndObject();
  response.body = std::move(body);
  return response;
}

int StatusOf(const Error& error) {
  if (error.reason == kUnsupportedType) return 415;
  if (error.reason == kNotAcceptable) return 406;
  return HttpStatus(error.kind());
}

}  // namespace

Worker::Worker(const OnnxModel& model, os::ThreadPool& pool, Metrics& metrics)
    : model_(model),
      pool_(pool),
      metrics_(metrics),
      predictions_(metrics.AddCounter("aloft_worker_predictions_total", "Requests that were predicted")),
      refusals_(metrics.AddCounter("aloft_worker_refusals_total", "Requests that were refused or failed")),
      seconds_(metrics.AddHistogram("aloft_worker_prediction_seconds", "From the body to the answer")) {}

void Worker::OnRequest(std::shared_ptr<http::Exchange> exchange) {
  std::string_view path = exchange->head().path();
  if (path == "/invocations") {
    if (exchange->head().method != "POST") {
      return exchange->Reply(Refuse(405, exchange->head().method + " is not served; POST /invocations predicts"));
    }
    return Invoke(exchange);
  }
  if (path.starts_with("/v2/")) return OnTensorPath(exchange);
  http::Response response;
  if (path == "/metrics") {
    response.headers.Add("Content-Type", "text/plain; version=0.0.4");
    response.body = metrics_.Expose();
  } else if (path != "/ping") {
    response = Refuse(404, std::string(path) + " is not served; POST /invocations predicts");
  }
  exchange->Reply(std::move(response));
}

void Worker::Invoke(const std::shared_ptr<http::Exchange>& exchange) {
  exchange->ReadBody(kMaxBodyBytes, [this, exchange](Result<std::string> body) {
    if (!body.ok()) return exchange->Reply(Refuse(HttpStatus(body.error().kind()), body.error().message));
    if (typical_micros_.load(std::memory_order_relaxed) < kQuickMicros) return Predict(*exchange, *body);
    auto work = [this, exchange, text = std::make_shared<std::string>(*std::move(body))] { Predict(*exchange, *text); };
    if (!pool_.TrySubmit(std::move(work))) exchange->Reply(Refuse(503, "The worker's queue is full"));
  });
}

void Worker::Predict(http::Exchange& exchange, const std::string& body) {
  auto start = std::chrono::steady_clock::now();
  Result<http::Response> answer = Answer(exchange.head(), body);
  (answer.ok() ? predictions_ : refusals_).Increment();
  exchange.Reply(answer.ok() ? *std::move(answer) : Refuse(StatusOf(answer.error()), answer.error().message));
  auto took = std::chrono::steady_clock::now() - start;
  seconds_.Observe(std::chrono::duration<double>(took).count());
  std::int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  std::int64_t typical = typical_micros_.load(std::memory_order_relaxed);
  typical_micros_.store(typical + (micros - typical) / 8, std::memory_order_relaxed);
}

void Worker::OnTensorPath(const std::shared_ptr<http::Exchange>& exchange) {
  Result<TensorPath> path = ParseTensorPath(exchange->head().path());
  if (!path.ok()) return exchange->Reply(Refuse(404, path.error().message));
  bool infer = path->what == TensorPath::What::kInfer;
  if (exchange->head().method != (infer ? "POST" : "GET")) {
    return exchange->Reply(Refuse(405, exchange->head().method + " is not served here"));
  }
  if (infer) return Invoke(exchange);
  http::Response response;
  if (path->what == TensorPath::What::kMetadata) {
    response = Metadata(path->model);
  } else {
    response.headers.Add("Content-Type", "application/json");
    response.body = R"({"ready":true})";
  }
  exchange->Reply(std::move(response));
}

http::Response Worker::Metadata(const std::string& model) {
  // One row of zeros, as the model wants it, tells what comes out.
  std::vector<Rows> rows;
  std::size_t total = 0;
  for (const Input& input : model_.inputs()) {
    Rows& one = rows.emplace_back();
    std::size_t count = 1;
    for (std::int64_t size : input.shape) {
      one.shape.push_back(std::max<std::int64_t>(size, 1));
      count *= static_cast<std::size_t>(one.shape.back());
    }
    total += count;
    if (total > kMaxTrialElements) break;
    input.datatype == "BYTES" ? one.texts.assign(count, "") : one.values.assign(count, 0);
  }
  std::vector<Output> outputs;
  if (total <= kMaxTrialElements) {
    if (Result<std::vector<Output>> ran = model_.Run(rows); ran.ok()) outputs = *std::move(ran);
  }
  http::Response response;
  response.headers.Add("Content-Type", "application/json");
  response.body = DescribeModel(model, model_.inputs(), outputs);
  return response;
}

Result<http::Response> Worker::AnswerTensors(const http::RequestHead& head, const std::string& body) {
  ALOFT_ASSIGN(TensorPath path, ParseTensorPath(head.path()));
  ALOFT_ASSIGN(TensorRequest request, DecodeTensors(model_.inputs(), body, head.headers.Get(kJsonLength)));
  ALOFT_ASSIGN(std::vector<Output> outputs, model_.Run(request.rows));
  ALOFT_ASSIGN(TensorAnswer answer, EncodeTensors(path.model, request, outputs));
  http::Response response;
  response.headers.Add("Content-Type", answer.json_length ? "application/octet-stream" : "application/json");
  if (answer.json_length) response.headers.Add(kJsonLength, std::to_string(*answer.json_length));
  response.body = std::move(answer.body);
  return response;
}

Result<http::Response> Worker::Answer(const http::RequestHead& head, const std::string& body) {
  if (head.path().starts_with("/v2/")) return AnswerTensors(head, body);
  ALOFT_ASSIGN(Format format, ChooseFormat(head.headers.Get("Accept")));
  const std::vector<Input>& inputs = model_.inputs();
  thread_local std::vector<Rows> rows(1);
  if (inputs.size() > 1 || inputs[0].datatype == "BYTES") {
    ALOFT_TRY(DecodeNamed(inputs, head.headers.Get("Content-Type"), body, rows));
  } else {
    rows.resize(1);
    ALOFT_TRY(Decode(head.headers.Get("Content-Type"), body, rows[0]));
  }
  ALOFT_ASSIGN(std::vector<Output> outputs, model_.Run(rows));
  http::Response response;
  response.headers.Add("Content-Type", std::string(ContentType(format)));
  response.body = Encode(format, outputs);
  return response;
}

}  // namespace aloft::onnx_worker
