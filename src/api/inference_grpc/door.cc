#include "api/inference_grpc/door.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>

#include <open_inference.grpc.pb.h>
#include "api/inference_grpc/convert.h"

namespace aloft::inference_grpc {
namespace {

using Context = grpc::CallbackServerContext;

constexpr std::chrono::milliseconds kLongest{90'000};  // longer than any prediction may take
constexpr std::chrono::seconds kGrace{5};
constexpr int kMaxMessage = 8 << 20;  // a request's limit in the server is 6 MiB
constexpr char kJsonLength[] = "Inference-Header-Content-Length";
// Metadata that goes to the server as it is.
constexpr const char* kPassed[] = {"authorization", "traceparent", "tracestate", "x-amzn-sagemaker-target-model"};

grpc::StatusCode CodeOf(int status) {
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 415: return grpc::StatusCode::INVALID_ARGUMENT;
    case 401: return grpc::StatusCode::UNAUTHENTICATED;
    case 403: return grpc::StatusCode::PERMISSION_DENIED;
    case 404: return grpc::StatusCode::NOT_FOUND;
    case 413:
    case 429: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 503: return grpc::StatusCode::UNAVAILABLE;
    case 504: return grpc::StatusCode::DEADLINE_EXCEEDED;
    default: return grpc::StatusCode::INTERNAL;
  }
}

grpc::Status StatusOf(const Error& error) {
  grpc::StatusCode code = grpc::StatusCode::INTERNAL;
  if (error.kind() == ErrorKind::kInvalid) code = grpc::StatusCode::INVALID_ARGUMENT;
  if (error.kind() == ErrorKind::kNotFound) code = grpc::StatusCode::NOT_FOUND;
  if (error.kind() == ErrorKind::kUnavailable) code = grpc::StatusCode::UNAVAILABLE;
  if (error.kind() == ErrorKind::kDeadlineExceeded) code = grpc::StatusCode::DEADLINE_EXCEEDED;
  return {code, error.message};
}

// What is left until the call's deadline; at most kLongest.
std::chrono::milliseconds Left(const Context& context) {
  auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(context.deadline() - std::chrono::system_clock::now());
  return std::clamp(left, std::chrono::milliseconds(1), kLongest);
}

// Answers one call exactly once: with the server's answer, or at once where the caller cancels or its deadline is over.
// gRPC deletes it through OnDone, the last that it calls; an answer of the server that comes later finds it gone.
class Call final : public grpc::ServerUnaryReactor {
 public:
  explicit Call(std::shared_ptr<std::atomic<int>> in_flight) : in_flight_(std::move(in_flight)) {}

  // Shared with whoever may answer.
  struct Ticket {
    std::mutex mutex;
    Call* call = nullptr;  // null once answered

    // Runs `fill` and answers, unless somebody has.
    void Answer(const std::function<grpc::Status()>& fill) {
      std::lock_guard lock(mutex);
      if (call == nullptr) return;
      Call* mine = call;
      call = nullptr;
      mine->Finish(fill());
    }
  };
  std::shared_ptr<Ticket> Open() {
    ticket_->call = this;
    return ticket_;
  }

  void OnCancel() override {
    std::shared_ptr<Ticket> ticket = ticket_;
    ticket->Answer([] { return grpc::Status(grpc::StatusCode::CANCELLED, "The caller gave up"); });
  }
  void OnDone() override {
    in_flight_->fetch_sub(1);
    delete this;
  }

 private:
  const std::shared_ptr<std::atomic<int>> in_flight_;
  const std::shared_ptr<Ticket> ticket_ = std::make_shared<Ticket>();
};

class Service final : public inference::GRPCInferenceService::CallbackService {
 public:
  Service(http::Client& client, const DoorOptions& options)
      : client_(client), server_(options.server), most_(options.max_requests_in_flight) {}

  grpc::ServerUnaryReactor* ServerLive(Context* context, const inference::ServerLiveRequest*,
                                       inference::ServerLiveResponse* response) override {
    return Ask(*context, Get("/v2/health/live"), [response](const http::ClientResponse& answer) {
      response->set_live(answer.status == 200);
      return grpc::Status::OK;
    });
  }

  grpc::ServerUnaryReactor* ServerReady(Context* context, const inference::ServerReadyRequest*,
                                        inference::ServerReadyResponse* response) override {
    return Ask(*context, Get("/v2/health/ready"), [response](const http::ClientResponse& answer) {
      response->set_ready(answer.status == 200);
      return grpc::Status::OK;
    });
  }

  grpc::ServerUnaryReactor* ServerMetadata(Context* context, const inference::ServerMetadataRequest*,
                                           inference::ServerMetadataResponse* response) override {
    response->set_name("aloft");
    response->set_version("2");
    response->add_extensions("binary_tensor_data");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* ModelReady(Context* context, const inference::ModelReadyRequest* request,
                                       inference::ModelReadyResponse* response) override {
    return AskModel(*context, request->name(), request->version(), "/ready",
                    [response](const http::ClientResponse& answer) {
                      if (answer.status == 401 || answer.status == 403) return Refused(answer);
                      response->set_ready(answer.status == 200);
                      return grpc::Status(grpc::Status::OK);
                    });
  }

  grpc::ServerUnaryReactor* ModelMetadata(Context* context, const inference::ModelMetadataRequest* request,
                                          inference::ModelMetadataResponse* response) override {
    return AskModel(*context, request->name(), request->version(), "", [response](const http::ClientResponse& answer) {
      if (answer.status != 200) return Refused(answer);
      Status read = FromRest(answer.body, *response);
      return read.ok() ? grpc::Status(grpc::Status::OK) : StatusOf(read.error());
    });
  }

  grpc::ServerUnaryReactor* ModelInfer(Context* context, const inference::ModelInferRequest* request,
                                       inference::ModelInferResponse* response) override {
    Result<std::string> path = ModelPath(request->model_name(), request->model_version(), "/infer");
    if (!path.ok()) return Refuse(*context, StatusOf(path.error()));
    Result<RestRequest> rest = ToRest(*request);
    if (!rest.ok()) return Refuse(*context, StatusOf(rest.error()));
    http::ClientRequest sent;
    sent.method = "POST";
    sent.target = *std::move(path);
    sent.headers.Add("Content-Type", "application/octet-stream");
    sent.headers.Add(kJsonLength, std::to_string(rest->json_length));
    sent.body = std::move(rest->body);
    return Ask(*context, std::move(sent), [response](const http::ClientResponse& answer) {
      if (answer.status != 200) return Refused(answer);
      Status read = FromRest(answer.body, answer.headers.Get(kJsonLength), *response);
      return read.ok() ? grpc::Status(grpc::Status::OK) : StatusOf(read.error());
    });
  }

  grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse>* ModelStreamInfer(
      Context*) override {
    class Refusal final
        : public grpc::ServerBidiReactor<inference::ModelInferRequest, inference::ModelStreamInferResponse> {
     public:
      Refusal() {
        Finish({grpc::StatusCode::UNIMPLEMENTED,
                "NotImplemented: ModelStreamInfer is not built in this Aloft; ModelInfer is"});
      }
      void OnDone() override { delete this; }
    };
    return new Refusal();
  }

 private:
  using Fill = std::function<grpc::Status(const http::ClientResponse&)>;

  static http::ClientRequest Get(std::string target) {
    http::ClientRequest request;
    request.target = std::move(target);
    return request;
  }

  static grpc::Status Refused(const http::ClientResponse& answer) {
    return {CodeOf(answer.status), ErrorText(answer.body)};
  }

  static grpc::ServerUnaryReactor* Refuse(Context& context, grpc::Status status) {
    auto* reactor = context.DefaultReactor();
    reactor->Finish(std::move(status));
    return reactor;
  }

  grpc::ServerUnaryReactor* AskModel(Context& context, const std::string& name, const std::string& version,
                                     std::string_view rest, Fill fill) {
    Result<std::string> path = ModelPath(name, version, rest);
    if (!path.ok()) return Refuse(context, StatusOf(path.error()));
    return Ask(context, Get(*std::move(path)), std::move(fill));
  }

  // `fill` writes the response, which lives until the call is answered.
  grpc::ServerUnaryReactor* Ask(Context& context, http::ClientRequest request, Fill fill) {
    if (in_flight_->fetch_add(1) >= most_) {
      in_flight_->fetch_sub(1);
      return Refuse(context, {grpc::StatusCode::RESOURCE_EXHAUSTED, "Too many calls are running; try again"});
    }
    for (const char* name : kPassed) {
      auto found = context.client_metadata().find(name);
      if (found != context.client_metadata().end()) {
        request.headers.Add(name, std::string(found->second.data(), found->second.size()));
      }
    }
    request.timeout = Left(context);
    Call* call = new Call(in_flight_);
    client_.Send(server_, std::move(request),
                 [ticket = call->Open(), fill = std::move(fill)](Result<http::ClientResponse> answer) {
                   ticket->Answer([&] { return answer.ok() ? fill(*answer) : StatusOf(answer.error()); });
                 });
    return call;
  }

  http::Client& client_;
  const http::Destination server_;
  const int most_;
  const std::shared_ptr<std::atomic<int>> in_flight_ = std::make_shared<std::atomic<int>>(0);
};

class GrpcDoor final : public Door {
 public:
  GrpcDoor(http::Client& client, const DoorOptions& options) : service_(client, options) {}
  ~GrpcDoor() override { Stop(); }

  Status Listen(const DoorOptions& options) {
    std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
    if (!options.certificate_pem.empty()) {
      grpc::SslServerCredentialsOptions tls;
      tls.pem_key_cert_pairs.push_back({options.key_pem, options.certificate_pem});
      credentials = grpc::SslServerCredentials(tls);
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.address, credentials, &port_);
    builder.RegisterService(&service_);
    builder.SetMaxReceiveMessageSize(kMaxMessage);
    builder.SetMaxSendMessageSize(-1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_requests_in_flight);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    grpc::ResourceQuota quota("aloft");
    quota.SetMaxThreads(16);
    quota.Resize(512u << 20);
    builder.SetResourceQuota(quota);
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) return Fail(kUnavailable, options.address + " cannot be listened on");
    return {};
  }

  int port() const override { return port_; }
  void Stop() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now() + kGrace);
  }

 private:
  Service service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

Result<std::unique_ptr<Door>> Door::Open(DoorOptions options, http::Client& client) {
  auto door = std::make_unique<GrpcDoor>(client, options);
  ALOFT_TRY(door->Listen(options));
  return std::unique_ptr<Door>(std::move(door));
}

}  // namespace aloft::inference_grpc
