#include <algorithm>
#include <cctype>
#include <charconv>

#include "foundation/base/bytes.h"
#include "foundation/http/client.h"
#include "services/serving/routing/worker_client.h"

namespace aloft::serving {
namespace {

constexpr std::chrono::milliseconds kPingTimeout{2000};
// Health checks have connections of their own, so that they never wait behind predictions: the port means nothing to a
// Unix socket, but makes a pool of its own.
constexpr std::uint16_t kPingPool = 1;
constexpr char kJsonLength[] = "Inference-Header-Content-Length";
constexpr char kEngine[] = "X-Aloft-Engine";
constexpr char kBatch[] = "X-Aloft-Batch-Size";
constexpr int kMaxBatch = 4096;
constexpr char kCustomAttributes[] = "X-Amzn-SageMaker-Custom-Attributes";

// A name that can stand in a description, or nothing.
std::string EngineOf(std::string_view text) {
  const bool plain = text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                       return std::isalnum(c) || c == '.' || c == '-' || c == '_';
                     });
  return plain ? std::string(text) : std::string();
}

// A container's own header is no number that we have to believe.
int BatchOf(std::string_view text) {
  int batch = 1;
  std::from_chars(text.data(), text.data() + text.size(), batch);
  return std::clamp(batch, 1, kMaxBatch);
}

class HttpWorkerClient final : public WorkerClient {
 public:
  explicit HttpWorkerClient(http::Client& client) : client_(client) {}

  void Ping(const std::string& socket_path, std::function<void(Pong)> done) override {
    WorkerAddress address = WorkerAddress::Of(socket_path);
    http::ClientRequest request;
    request.target = address.ping;
    request.timeout = kPingTimeout;
    client_.Send({.host = address.socket, .port = kPingPool}, std::move(request),
                 [done = std::move(done)](Result<http::ClientResponse> answer) {
                   if (!answer.ok() || answer->status != 200) return done({});
                   done({true, EngineOf(answer->headers.Get(kEngine))});
                 });
  }

  void Invoke(const std::string& socket_path, const Invocation& invocation, std::chrono::milliseconds timeout,
              std::function<void(Result<WorkerAnswer>)> done) override {
    WorkerAddress address = WorkerAddress::Of(socket_path);
    http::ClientRequest request;
    request.method = invocation.get ? "GET" : "POST";
    request.target = invocation.path.empty() ? address.invocations : invocation.path;
    request.timeout = timeout;
    request.headers.Add("Content-Type", invocation.content_type.empty() ? "application/json" : invocation.content_type);
    if (!invocation.accept.empty()) request.headers.Add("Accept", invocation.accept);
    if (!invocation.custom_attributes.empty()) request.headers.Add(kCustomAttributes, invocation.custom_attributes);
    if (!invocation.inference_id.empty()) {
      request.headers.Add("X-Amzn-SageMaker-Inference-Id", invocation.inference_id);
    }
    if (!invocation.traceparent.empty()) request.headers.Add("traceparent", invocation.traceparent);
    if (!invocation.tracestate.empty()) request.headers.Add("tracestate", invocation.tracestate);
    if (!invocation.target_model.empty()) {
      request.headers.Add("X-Amzn-SageMaker-Target-Model", invocation.target_model);
    }
    if (!invocation.target_container.empty()) {
      request.headers.Add("X-Amzn-SageMaker-Target-Container-Hostname", invocation.target_container);
    }
    if (!invocation.json_length.empty()) request.headers.Add(kJsonLength, invocation.json_length);
    request.body = invocation.body;
    if (invocation.stream) StreamInto(invocation.stream, request);
    client_.Send(
        {.host = address.socket}, std::move(request),
        [done = std::move(done)](Result<http::ClientResponse> answer) {
          if (!answer.ok()) return done(std::move(answer).error());
          WorkerAnswer result;
          result.status = answer->status;
          result.content_type = answer->headers.Get("Content-Type");
          result.custom_attributes = answer->headers.Get(kCustomAttributes);
          result.json_length = answer->headers.Get(kJsonLength);
          if (result.status < 200 || result.status > 299) {
            result.container = answer->headers.Get("X-Aloft-Container");
            result.refusal = answer->headers.Get("X-Aloft-Refusal");
          }
          result.batch = BatchOf(answer->headers.Get(kBatch));
          result.body = std::move(answer->body);
          done(std::move(result));
        },
        invocation.stream);
  }

 private:
  static void StreamInto(const std::shared_ptr<AnswerStream>& stream, http::ClientRequest& request) {
    request.on_head = [stream](int status, const http::Headers& headers) {
      if (status < 200 || status > 299) return;
      Answer head;
      head.status = status;
      head.content_type = headers.Get("Content-Type");
      head.custom_attributes = headers.Get(kCustomAttributes);
      head.variant = stream->variant;
      stream->begun.store(true);
      stream->Begin(std::move(head));
    };
    request.unwanted = [stream] { return stream->Unwanted(); };
  }

  http::Client& client_;
};

}  // namespace

std::string WorkerAddress::Text() const {
  const WorkerAddress usual;
  if (ping == usual.ping && invocations == usual.invocations) return socket;
  return socket + "\n" + ping + "\n" + invocations;
}

WorkerAddress WorkerAddress::Of(const std::string& text) {
  WorkerAddress address;
  std::vector<std::string_view> parts = Split(text, '\n');
  address.socket = parts[0];
  if (parts.size() == 3) {
    address.ping = parts[1];
    address.invocations = parts[2];
  }
  return address;
}

std::unique_ptr<WorkerClient> MakeHttpWorkerClient(http::Client& client) {
  return std::make_unique<HttpWorkerClient>(client);
}

}  // namespace aloft::serving
