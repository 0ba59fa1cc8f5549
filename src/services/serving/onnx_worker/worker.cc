#include "services/serving/onnx_worker/worker.h"

#include <algorithm>
#include <utility>

#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/decode.h"
#include "services/serving/onnx_worker/encode.h"
#include "services/serving/onnx_worker/open_inference.h"

namespace aloft::onnx_worker {
namespace {

constexpr std::size_t kSmallBody = 64 * 1024;  // reading more numbers would keep a connection's thread too long
constexpr std::size_t kMaxTrialElements = 16u << 20;
constexpr char kTogether[] = "X-Aloft-Batch-Size";
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

// How a request wants its answer.
struct Worker::Request {
  Format format = Format::kJson;
  bool of_tensors = false;  // the Open Inference Protocol's; what follows is of it
  std::string model{};
  TensorRequest tensors{};  // without its rows
};

Worker::Worker(const OnnxModel& model, Joiner& joiner, os::ThreadPool& pool, Metrics& metrics)
    : model_(model),
      joiner_(joiner),
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
  } else if (path == "/batching") {
    response.headers.Add("Content-Type", "application/json");
    response.body = joiner_.ExplainJson();
  } else if (path != "/ping") {
    response = Refuse(404, std::string(path) + " is not served; POST /invocations predicts");
  }
  exchange->Reply(std::move(response));
}

void Worker::Invoke(const std::shared_ptr<http::Exchange>& exchange) {
  exchange->ReadBody(kMaxBodyBytes, [this, exchange](Result<std::string> body) {
    if (!body.ok()) return exchange->Reply(Refuse(HttpStatus(body.error().kind()), body.error().message));
    if (body->size() <= kSmallBody) return Predict(exchange, *body);
    auto work = [this, exchange, text = std::make_shared<std::string>(*std::move(body))] { Predict(exchange, *text); };
    if (!pool_.TrySubmit(std::move(work))) exchange->Reply(Refuse(503, "The worker's queue is full"));
  });
}

void Worker::Count(bool good, std::chrono::steady_clock::time_point start) {
  (good ? predictions_ : refusals_).Increment();
  seconds_.Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

void Worker::Predict(const std::shared_ptr<http::Exchange>& exchange, const std::string& body) {
  const auto start = std::chrono::steady_clock::now();
  thread_local std::vector<Rows> rows;  // its memory is used again
  Result<Request> decoded = Decode(exchange->head(), body, rows);
  if (!decoded.ok()) {
    exchange->Reply(Refuse(StatusOf(decoded.error()), decoded.error().message));
    return Count(false, start);
  }
  joiner_.Run(rows, [this, exchange, start, request = std::make_shared<const Request>(*std::move(decoded))](
                        Result<std::vector<Output>> outputs, int together) {
    Result<http::Response> answer = outputs.ok() ? Encode(*request, *outputs) : std::move(outputs).error();
    Count(answer.ok(), start);
    if (!answer.ok()) return exchange->Reply(Refuse(StatusOf(answer.error()), answer.error().message));
    if (together > 1) answer->headers.Add(kTogether, std::to_string(together));
    exchange->Reply(*std::move(answer));
  });
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

Result<Worker::Request> Worker::Decode(const http::RequestHead& head, const std::string& body,
                                       std::vector<Rows>& rows) const {
  Request request;
  if (head.path().starts_with("/v2/")) {
    ALOFT_ASSIGN(TensorPath path, ParseTensorPath(head.path()));
    ALOFT_ASSIGN(request.tensors, DecodeTensors(model_.inputs(), body, head.headers.Get(kJsonLength)));
    request.of_tensors = true;
    request.model = std::move(path.model);
    rows = std::exchange(request.tensors.rows, {});
    return request;
  }
  ALOFT_ASSIGN(request.format, ChooseFormat(head.headers.Get("Accept")));
  const std::vector<Input>& inputs = model_.inputs();
  if (inputs.size() > 1 || inputs[0].datatype == "BYTES") {
    ALOFT_TRY(DecodeNamed(inputs, head.headers.Get("Content-Type"), body, rows));
  } else {
    rows.resize(1);
    ALOFT_TRY(onnx_worker::Decode(head.headers.Get("Content-Type"), body, rows[0]));
  }
  return request;
}

Result<http::Response> Worker::Encode(const Request& request, const std::vector<Output>& outputs) {
  http::Response response;
  if (!request.of_tensors) {
    response.headers.Add("Content-Type", std::string(ContentType(request.format)));
    response.body = onnx_worker::Encode(request.format, outputs);
    return response;
  }
  ALOFT_ASSIGN(TensorAnswer answer, EncodeTensors(request.model, request.tensors, outputs));
  response.headers.Add("Content-Type", answer.json_length ? "application/octet-stream" : "application/json");
  if (answer.json_length) response.headers.Add(kJsonLength, std::to_string(*answer.json_length));
  response.body = std::move(answer.body);
  return response;
}

}  // namespace aloft::onnx_worker
