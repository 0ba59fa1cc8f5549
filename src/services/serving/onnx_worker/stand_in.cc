#include "services/serving/onnx_worker/stand_in.h"

#include <utility>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/python_forms.h"
#include "services/serving/onnx_worker/worker.h"

namespace aloft::onnx_worker {
namespace {

constexpr std::size_t kSmallBody = 64 * 1024;            // as in worker.cc
constexpr std::chrono::milliseconds kPatience{300'000};  // longer than any caller's
// Fields that belong to one connection, or that the client makes itself.
constexpr std::string_view kNotPassed[] = {"Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding",
                                           "Expect",     "Host",       "Date",           kPassedOn};

http::Response Text(int status, std::string_view name, std::string_view text) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  std::string body;
  codec::JsonWriter(body).BeginObject().Key(name).String(text).EndObject();
  response.body = std::move(body);
  return response;
}

void Copy(const http::Headers& from, http::Headers& to) {
  for (const auto& [name, value] : from.fields()) {
    bool passed = true;
    for (std::string_view other : kNotPassed) passed = passed && !EqualsIgnoreCase(name, other);
    if (passed) to.Add(name, value);
  }
}

}  // namespace

StandIn::StandIn(const OnnxModel& model, Joiner& joiner, os::ThreadPool& pool, http::Client& client, std::string behind,
                 std::string says)
    : model_(model),
      joiner_(joiner),
      pool_(pool),
      client_(client),
      behind_(std::move(behind)),
      says_(std::move(says)),
      engine_("onnxruntime-" + model.runtime_version()) {}

void StandIn::OnRequest(std::shared_ptr<http::Exchange> exchange) {
  const http::RequestHead& head = exchange->head();
  const std::string_view path = head.path();
  if (path == "/ping" || (path == "/batching" && head.method == "GET")) {
    http::Response response;
    response.headers.Add("Content-Type", path == "/ping" ? "text/plain" : "application/json");
    response.headers.Add(kEngine, engine_);
    if (path != "/ping") response.body = Explain();
    return exchange->Reply(std::move(response));
  }
  exchange->ReadBody(kMaxBodyBytes, [this, exchange](Result<std::string> body) {
    if (!body.ok()) return exchange->Reply(Text(HttpStatus(body.error().kind()), "error", body.error().message));
    const http::RequestHead& request = exchange->head();
    if (request.path() != "/invocations" || request.method != "POST") return PassOn(exchange, *std::move(body));
    if (body->size() <= kSmallBody) return Predict(exchange, *std::move(body));
    auto text = std::make_shared<std::string>(*std::move(body));
    if (!pool_.TrySubmit([this, exchange, text] { Predict(exchange, std::move(*text)); }))
      exchange->Reply(Text(503, "error", "The worker's queue is full"));
  });
}

void StandIn::Predict(const std::shared_ptr<http::Exchange>& exchange, std::string body) {
  const http::Headers& headers = exchange->head().headers;
  const std::optional<Format> format = AcceptedByPython(headers.Get("Accept"));
  thread_local std::vector<Rows> rows(1);  // its memory is used again
  rows.resize(1);
  if (!format || !ReadAsPython(headers.Get("Content-Type"), body, model_.inputs()[0].shape.back(), rows[0]))
    return PassOn(exchange, std::move(body));
  auto text = std::make_shared<std::string>(std::move(body));
  joiner_.Run(rows, [this, exchange, text, format](Result<std::vector<Output>> outputs, int together) {
    std::optional<std::string> answer;
    if (outputs.ok()) answer = WriteAsPython(*format, outputs->front());
    if (!outputs.ok() && outputs.error().reason == kQueueFull)
      return exchange->Reply(Text(503, "error", outputs.error().message));
    if (!answer) return PassOn(exchange, std::move(*text));
    http::Response response;
    response.headers.Add("Content-Type", std::string(ContentType(*format)));
    response.headers.Add(kEngine, engine_);
    if (together > 1) response.headers.Add("X-Aloft-Batch-Size", std::to_string(together));
    response.body = *std::move(answer);
    exchange->Reply(std::move(response));
  });
}

void StandIn::PassOn(const std::shared_ptr<http::Exchange>& exchange, std::string body) {
  const http::RequestHead& head = exchange->head();
  http::ClientRequest request;
  request.method = head.method;
  request.target = head.target;
  request.timeout = kPatience;
  Copy(head.headers, request.headers);
  request.headers.Add(kPassedOn, "1");
  request.body = std::move(body);
  client_.Send({.host = behind_}, std::move(request), [exchange](Result<http::ClientResponse> answer) {
    if (!answer.ok()) return exchange->Reply(Text(503, "error", "The model's process does not answer"));
    http::Response response;
    response.status = answer->status;
    Copy(answer->headers, response.headers);
    response.body = std::move(answer->body);
    exchange->Reply(std::move(response));
  });
}

std::string StandIn::Explain() const {
  // Another's words go before the plan of the joiner: {"Plan":["...
  std::string plan = joiner_.ExplainJson(), words;
  codec::WriteString(says_ + " Its engine is " + engine_ + ".", words);
  const std::size_t list = plan.find('[');
  if (list == std::string::npos) return plan;
  plan.insert(list + 1, words + (plan.compare(list + 1, 1, "]") == 0 ? "" : ","));
  return plan;
}

}  // namespace aloft::onnx_worker
