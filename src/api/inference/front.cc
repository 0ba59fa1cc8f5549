#include "api/inference/front.h"

#include "api/common/trace.h"
#include "api/inference/open_inference.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "services/resources/arn.h"
#include "services/serving/routing/answer_pipe.h"

namespace aloft::api {
namespace {

constexpr Reason kWrongMethod{ErrorKind::kInvalid, "MethodNotAllowed"};
constexpr std::size_t kPredict = 0, kReady = 1, kTensors = 2;  // rows; from kTensors on the Open Inference Protocol's

struct Route {
  std::size_t row = kPredict;
  std::string endpoint;
};

bool TakesPost(std::size_t row) {
  return row == kPredict || row == kTensors + static_cast<std::size_t>(open_inference::Route::What::kInfer);
}

// Endpoint names hold letters, digits and hyphens: nothing that would be percent-encoded.
bool IsName(std::string_view text) {
  if (text.empty() || text.size() > 63) return false;
  for (char c : text) {
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!ok) return false;
  }
  return true;
}

// Below /v1 every path is ours ("v1" is too short for a bucket's name). The short forms could name an object of a
// bucket "endpoints" or "predict": they are ours where the caller brings a token, or signs for SageMaker.
std::optional<Route> RouteOf(const http::RequestHead& head) {
  std::string_view path = head.path();
  // "v2" is too short for a bucket's name, too.
  if (std::optional<open_inference::Route> tensors = open_inference::RouteOf(path)) {
    if (!tensors->endpoint.empty() && !IsName(tensors->endpoint)) return std::nullopt;
    return Route{kTensors + static_cast<std::size_t>(tensors->what), std::move(tensors->endpoint)};
  }
  bool ours = path.starts_with("/v1/");
  if (ours) {
    path.remove_prefix(3);
  } else {
    std::string_view authorization = head.headers.Get("Authorization");
    if (!authorization.starts_with("Bearer ") && authorization.find("/sagemaker/") == std::string_view::npos) {
      return std::nullopt;
    }
  }
  std::vector<std::string_view> parts = Split(path, '/');  // the first is empty
  if (parts.size() == 3 && parts[1] == "predict" && IsName(parts[2])) return Route{kPredict, std::string(parts[2])};
  if (parts.size() != 4 || parts[1] != "endpoints" || !IsName(parts[2])) return std::nullopt;
  // Without "/v1" this is SageMaker's own InvokeEndpoint.
  bool predicts = parts[3] == "predict" || (ours && parts[3] == "invocations");
  if (predicts) return Route{kPredict, std::string(parts[2])};
  if (parts[3] == "ready") return Route{kReady, std::string(parts[2])};
  return std::nullopt;
}

http::Response Json(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

std::string ErrorBody(std::string_view code, std::string_view message, const RequestId& request_id) {
  std::string body;
  codec::JsonWriter(body)
      .BeginObject()
      .Key("error")
      .BeginObject()
      .Key("code")
      .String(code)
      .Key("message")
      .String(message)
      .Key("request_id")
      .String(request_id.value())
      .EndObject()
      .EndObject();
  return body;
}

// What the model said of its own failure: {"error": "..."} of our workers, else its text.
std::string MessageOf(const serving::Answer& answer) {
  return answer.body.substr(0, 4096);
}

http::Response Render(serving::Answer answer, const RequestId& request_id) {
  if (answer.status < 200 || answer.status > 299) {
    bool callers = answer.status >= 400 && answer.status < 500;
    int status = callers ? answer.status : answer.status == 0 ? 504 : 502;
    return Json(status, ErrorBody("ModelError", MessageOf(answer), request_id));
  }
  http::Response response;
  std::string_view body = Trim(answer.body);
  if (answer.content_type.starts_with("application/json") && body.starts_with('[')) {
    response = Json(200, "{\"predictions\":" + std::string(body) + "}");
  } else {
    response.headers.Add("Content-Type",
                         answer.content_type.empty() ? "application/octet-stream" : answer.content_type);
    response.body = std::move(answer.body);
  }
  response.headers.Add("X-Aloft-Variant", answer.variant);
  return response;
}

class PreparedCall : public Prepared {
 public:
  PreparedCall(serving::Service& serving, std::string endpoint, std::string resource)
      : serving_(serving), endpoint_(std::move(endpoint)), resource_(std::move(resource)) {}

  std::vector<Permission> permissions() const override { return {{"sagemaker:InvokeEndpoint", resource_, {}}}; }

 protected:
  serving::Service& serving_;
  const std::string endpoint_, resource_;
};

class PreparedPredict final : public PreparedCall {
 public:
  using PreparedCall::PreparedCall;

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    serving::Invocation invocation;
    invocation.endpoint = endpoint_;
    invocation.body = call->body;
    // curl -d says that every body is a form; here it never is one.
    invocation.content_type = call->head().headers.Get("Content-Type");
    if (invocation.content_type.starts_with("application/x-www-form-urlencoded")) invocation.content_type.clear();
    invocation.accept = call->head().headers.Get("Accept");
    invocation.traceparent = Traceparent(call->head(), call->request_id);
    invocation.tracestate = Tracestate(call->head());
    invocation.target_model = call->head().headers.Get("X-Amzn-SageMaker-Target-Model");
    std::shared_ptr<serving::AnswerPipe> pipe;
    if (invocation.accept.starts_with("text/event-stream")) {
      pipe = std::make_shared<serving::AnswerPipe>(
          serving::AnswerPipe::Hooks{.begin = [respond](serving::Answer head, http::StreamBody body) {
            respond(Streamed(head, std::move(body)));
          }});
      invocation.stream = pipe;
    }
    serving_.Invoke({call->session.account, call->region}, std::move(invocation),
                    [call, pipe, respond](Result<serving::Answer> answer) {
                      if (pipe && pipe->begun.load()) return;  // the stream has said it
                      if (!answer.ok()) return respond(std::move(answer).error());
                      respond(Render(*std::move(answer), call->request_id));
                    });
  }

 private:
  static http::Response Streamed(const serving::Answer& head, http::StreamBody body) {
    http::Response response;
    response.headers.Add("Content-Type", head.content_type);
    response.headers.Add("Cache-Control", "no-cache");
    response.headers.Add("X-Aloft-Variant", head.variant);
    response.body = std::move(body);
    return response;
  }
};

class PreparedReady final : public PreparedCall {
 public:
  using PreparedCall::PreparedCall;

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    auto described = serving_.DescribeEndpoint({call->session.account, call->region}, endpoint_);
    if (!described.ok()) return respond(std::move(described).error());
    bool answers = false;
    if (described->production_variants) {
      for (const auto& variant : *described->production_variants) {
        answers = answers || variant.current_instance_count.value_or(0) > 0;
      }
    }
    std::string body;
    codec::JsonWriter(body)
        .BeginObject()
        .Key("ready")
        .Bool(answers)
        .Key("status")
        .String(described->endpoint_status.value_or(""))
        .EndObject();
    respond(Json(answers ? 200 : 503, std::move(body)));
  }
};

template <class T>
Row MakeInferenceRow(serving::Service& serving, std::string_view operation, std::size_t max_body) {
  Row row;
  row.service = "sagemaker";
  row.operation = operation;
  row.authenticators = kSigV4 | kBearer;
  row.max_body_bytes = max_body;
  row.signed_for = row.service;
  row.prepare = [&serving](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    std::optional<Route> route = RouteOf(call.head());
    if (!route) return Fail(kInvalidArgument, "The path names no endpoint.");
    std::string resource = resources::SageMakerArn(call.session.account, call.region, "endpoint", route->endpoint);
    return std::unique_ptr<Prepared>(std::make_unique<T>(serving, std::move(route->endpoint), std::move(resource)));
  };
  return row;
}

}  // namespace

InferenceFront::InferenceFront(serving::Service& serving, const FactSource* facts) {
  rows_.push_back(MakeInferenceRow<PreparedPredict>(serving, "Predict", serving::kMaxInvocationBytes));
  rows_.push_back(MakeInferenceRow<PreparedReady>(serving, "Ready", 4096));
  for (Row& row : open_inference::Rows(serving)) rows_.push_back(std::move(row));
  for (Row& row : rows_) row.facts = facts;
}

std::optional<Front::Claim> InferenceFront::Claims(const http::RequestHead& head) const {
  std::optional<Route> route = RouteOf(head);
  if (!route) return std::nullopt;
  Claim claim;
  claim.max_body_bytes = rows_[route->row].max_body_bytes;
  return claim;
}

Result<const Row*> InferenceFront::Match(const http::RequestHead& head, std::string_view) const {
  std::optional<Route> route = RouteOf(head);
  if (!route) return Fail(kInvalidArgument, "The path names no endpoint.");
  std::string_view wanted = TakesPost(route->row) ? "POST" : "GET";
  if (head.method != wanted) {
    return Fail(kWrongMethod, "This path takes " + std::string(wanted) + ", not " + head.method + ".");
  }
  return &rows_[route->row];
}

http::Response InferenceFront::RenderError(const Error& error, const http::RequestHead& head,
                                           const RequestId& request_id) const {
  int status = error.reason == kWrongMethod                   ? 405
               : error.reason == serving::kTooManyInvocations ? 429
                                                              : HttpStatus(error.kind());
  http::Response response = open_inference::RouteOf(head.path())
                                ? open_inference::Error(status, error.message)
                                : Json(status, ErrorBody(error.reason.name, error.message, request_id));
  if (status == 429 || status == 503) response.headers.Add("Retry-After", "1");
  if (status == 401) response.headers.Add("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace aloft::api
