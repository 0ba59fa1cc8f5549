#include "api/inference/open_inference.h"

#include "api/common/trace.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "services/resources/arn.h"

namespace aloft::api::open_inference {
namespace {

using What = Route::What;

constexpr char kJsonLength[] = "Inference-Header-Content-Length";
constexpr char kServerMetadata[] = R"({"name":"aloft","version":"2","extensions":["binary_tensor_data"]})";

http::Response Json(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response Render(serving::Answer answer) {
  if (answer.status < 200 || answer.status > 299) {
    // Our workers say {"error": "..."} themselves; of others only the text is known.
    if (Trim(answer.body).starts_with("{\"error\"")) return Json(answer.status, std::move(answer.body));
    int status = answer.status >= 400 && answer.status < 500 ? answer.status : answer.status == 0 ? 504 : 502;
    return Error(status, answer.body.substr(0, 4096));
  }
  http::Response response;
  response.headers.Add("Content-Type", answer.content_type);
  if (!answer.json_length.empty()) response.headers.Add(kJsonLength, answer.json_length);
  response.headers.Add("X-Aloft-Variant", answer.variant);
  response.body = std::move(answer.body);
  return response;
}

class ServerCall final : public Prepared {
 public:
  explicit ServerCall(std::string body) : body_(std::move(body)) {}
  std::vector<Permission> permissions() const override { return {}; }
  void Run(const std::shared_ptr<const Call>&, Authorized, Responder respond) override { respond(Json(200, body_)); }

 private:
  const std::string body_;
};

class ModelCall final : public Prepared {
 public:
  ModelCall(serving::Service& serving, Route route, std::string resource)
      : serving_(serving), route_(std::move(route)), resource_(std::move(resource)) {}

  std::vector<Permission> permissions() const override { return {{"sagemaker:InvokeEndpoint", resource_, {}}}; }

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    serving::Invocation invocation;
    invocation.endpoint = route_.endpoint;
    invocation.path = route_.path;
    invocation.get = route_.what != What::kInfer;
    invocation.body = call->body;
    invocation.content_type = call->head().headers.Get("Content-Type");
    invocation.json_length = call->head().headers.Get(kJsonLength);
    invocation.traceparent = Traceparent(call->head(), call->request_id);
    invocation.tracestate = Tracestate(call->head());
    invocation.target_model = call->head().headers.Get("X-Amzn-SageMaker-Target-Model");
    serving_.Invoke({call->session.account, call->region}, std::move(invocation),
                    [call, respond = std::move(respond)](Result<serving::Answer> answer) {
                      if (!answer.ok()) return respond(std::move(answer).error());
                      respond(Render(*std::move(answer)));
                    });
  }

 private:
  serving::Service& serving_;
  const Route route_;
  const std::string resource_;
};

Row ModelRow(serving::Service& serving, std::string_view operation, std::size_t max_body) {
  Row row;
  row.service = "sagemaker";
  row.operation = operation;
  row.authenticators = kSigV4 | kBearer;
  row.max_body_bytes = max_body;
  row.signed_for = row.service;
  row.prepare = [&serving](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    std::optional<Route> route = RouteOf(call.head().path());
    if (!route) return Fail(kInvalidArgument, "The path names no model.");
    std::string resource = resources::SageMakerArn(call.session.account, call.region, "endpoint", route->endpoint);
    return std::unique_ptr<Prepared>(std::make_unique<ModelCall>(serving, *std::move(route), std::move(resource)));
  };
  return row;
}

Row ServerRow(std::string_view operation, std::string body) {
  Row row;
  row.service = "sagemaker";
  row.operation = operation;
  row.authenticators = kSigV4 | kBearer | kAnonymous;
  row.max_body_bytes = 4096;
  row.signed_for = row.service;
  row.open = "says that a server is there, which the connection has said already";
  row.prepare = [body = std::move(body)](const Call&) -> Result<std::unique_ptr<Prepared>> {
    return std::unique_ptr<Prepared>(std::make_unique<ServerCall>(body));
  };
  return row;
}

}  // namespace

std::optional<Route> RouteOf(std::string_view path) {
  std::vector<std::string_view> parts = Split(path, '/');  // the first is empty
  std::string base;                                        // the endpoint of the base path
  if (parts.size() >= 5 && parts[1] == "v1" && parts[2] == "endpoints") {
    base = parts[3];
    parts.erase(parts.begin() + 1, parts.begin() + 4);
  }
  if (parts.size() < 2 || parts[1] != "v2") return std::nullopt;
  Route route;
  if (parts.size() == 2) return route;
  if (parts.size() == 4 && parts[2] == "health" && (parts[3] == "live" || parts[3] == "ready")) {
    route.what = parts[3] == "live" ? What::kLive : What::kServerReady;
    return route;
  }
  if (parts.size() < 4 || parts[2] != "models" || (!base.empty() && parts[3] != base)) return std::nullopt;
  route.endpoint = parts[3];
  for (std::size_t i = 1; i < parts.size(); ++i) route.path += "/" + std::string(parts[i]);
  parts.erase(parts.begin(), parts.begin() + 4);
  if (parts.size() >= 2 && parts[0] == "versions") parts.erase(parts.begin(), parts.begin() + 2);
  if (parts.empty()) {
    route.what = What::kModel;
  } else if (parts.size() == 1 && (parts[0] == "ready" || parts[0] == "infer")) {
    route.what = parts[0] == "ready" ? What::kModelReady : What::kInfer;
  } else {
    return std::nullopt;
  }
  return route;
}

http::Response Error(int status, std::string_view message) {
  std::string body;
  codec::JsonWriter(body).BeginObject().Key("error").String(message).EndObject();
  return Json(status, std::move(body));
}

std::vector<Row> Rows(serving::Service& serving) {
  std::vector<Row> rows;
  rows.push_back(ServerRow("ServerMetadata", kServerMetadata));
  rows.push_back(ServerRow("ServerLive", R"({"live":true})"));
  rows.push_back(ServerRow("ServerReady", R"({"ready":true})"));
  rows.push_back(ModelRow(serving, "ModelMetadata", 4096));
  rows.push_back(ModelRow(serving, "ModelReady", 4096));
  rows.push_back(ModelRow(serving, "ModelInfer", serving::kMaxInvocationBytes));
  return rows;
}

}  // namespace aloft::api::open_inference
