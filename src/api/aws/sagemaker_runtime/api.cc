#include "api/aws/sagemaker_runtime/api.h"

#include "api/aws/sagemaker_runtime/model_error.h"
#include "api/aws_common/event_stream.h"
#include "api/aws_common/wire.h"
#include "api/common/trace.h"
#include "foundation/codec/json.h"
#include "generated/shapes/sagemaker_runtime/invoke.h"
#include "generated/shapes/sagemaker_runtime/service_model.h"
#include "services/resources/arn.h"
#include "services/serving/endpoints/component_name.h"
#include "services/serving/routing/answer_pipe.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker_runtime;  // NOLINT: the vocabulary of this file

const shapes::OperationModel& Operation() {
  static const shapes::OperationModel* const operation = shapes::FindOperation(kModel, "InvokeEndpoint");
  return *operation;
}

Status CheckBuilt(const InvokeEndpointRequest& in) {
  const char* what = in.enable_explanations ? "EnableExplanations"
                     : in.session_id        ? "SessionId (stateful sessions)"
                                            : nullptr;
  if (what == nullptr) return {};
  return Fail(kUnimplemented,
              std::string("NotImplemented: ") + what + " of InvokeEndpoint is not built in this Aloft.");
}

// Whose log has what a model said.
std::string LoggedAs(const std::string& endpoint, const std::optional<std::string>& component) {
  return component ? serving::ComponentKey(*component) : endpoint;
}

// An inference component is a resource of its own: both rights are needed.
void AddComponent(std::vector<Permission>& needed, const std::string& endpoint_arn,
                  const std::optional<std::string>& component) {
  if (!component) return;
  Permission& also = needed.emplace_back(needed[0]);
  also.resource = endpoint_arn.substr(0, endpoint_arn.rfind(':') + 1) + "inference-component/" + *component;
}

class PreparedInvoke final : public Prepared {
 public:
  PreparedInvoke(serving::Service& serving, InvokeEndpointRequest in, std::string resource)
      : serving_(serving), in_(std::move(in)), resource_(std::move(resource)) {}

  std::vector<Permission> permissions() const override {
    std::vector<Permission> needed = {{"sagemaker:InvokeEndpoint", resource_, {}}};
    if (in_.target_variant) needed[0].context["sagemaker:targetvariant"] = {*in_.target_variant};
    if (in_.target_model) needed[0].context["sagemaker:targetmodel"] = {*in_.target_model};
    AddComponent(needed, resource_, in_.inference_component_name);
    return needed;
  }

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    serving::Invocation invocation;
    invocation.endpoint = *in_.endpoint_name;
    if (in_.body) invocation.body = in_.body->bytes;  // Run may come again
    invocation.content_type = in_.content_type.value_or("");
    invocation.accept = in_.accept.value_or("");
    invocation.target_variant = in_.target_variant.value_or("");
    invocation.target_model = in_.target_model.value_or("");
    invocation.target_container = in_.target_container_hostname.value_or("");
    invocation.component = in_.inference_component_name.value_or("");
    invocation.custom_attributes = in_.custom_attributes.value_or("");
    invocation.traceparent = Traceparent(call->head(), call->request_id);
    invocation.tracestate = Tracestate(call->head());
    invocation.inference_id = in_.inference_id.value_or("");
    serving_.Invoke({call->session.account, call->region}, std::move(invocation),
                    [call, endpoint = LoggedAs(*in_.endpoint_name, in_.inference_component_name),
                     respond = std::move(respond)](Result<serving::Answer> answer) {
                      if (!answer.ok()) return respond(std::move(answer).error());
                      if (answer->status < 200 || answer->status > 299) {
                        return respond(RenderModelError(*answer, endpoint, call->session.account, call->request_id));
                      }
                      respond(Encode(*call, *std::move(answer)));
                    });
  }

 private:
  static http::Response Encode(const Call& call, serving::Answer answer) {
    InvokeEndpointResponse out;
    out.body = shapes::Blob{std::move(answer.body)};
    out.content_type = answer.content_type.empty() ? "application/octet-stream" : std::move(answer.content_type);
    out.invoked_production_variant = std::move(answer.variant);
    if (!answer.custom_attributes.empty()) out.custom_attributes = std::move(answer.custom_attributes);
    return EncodeResponse(kModel, Operation(), call.head(), call.request_id, &out);
  }

  serving::Service& serving_;
  InvokeEndpointRequest in_;
  const std::string resource_;
};

}  // namespace

namespace {

const shapes::OperationModel& StreamOperation() {
  static const shapes::OperationModel* const operation =
      shapes::FindOperation(kModel, "InvokeEndpointWithResponseStream");
  return *operation;
}

std::string Frame(std::string piece) {
  return EventStreamMessage(
      {{":message-type", "event"}, {":event-type", "PayloadPart"}, {":content-type", "application/octet-stream"}},
      piece);
}

// Within a stream there is no status any more: the last message says that it broke off.
std::string Broken(const Error& error) {
  std::string body;
  const bool late = error.kind() == ErrorKind::kDeadlineExceeded;
  codec::JsonWriter(body)
      .BeginObject()
      .Key("Message")
      .String(late ? "The model did not go on within the time that it has." : "The model's answer broke off.")
      .Key("ErrorCode")
      .String(late ? "ModelInvocationTimeExceeded" : "StreamBroken")
      .EndObject();
  return EventStreamMessage(
      {{":message-type", "exception"}, {":exception-type", "ModelStreamError"}, {":content-type", "application/json"}},
      body);
}

class PreparedStream final : public Prepared {
 public:
  PreparedStream(serving::Service& serving, InvokeEndpointWithResponseStreamInput in, std::string resource)
      : serving_(serving), in_(std::move(in)), resource_(std::move(resource)) {}

  std::vector<Permission> permissions() const override {
    std::vector<Permission> needed = {{"sagemaker:InvokeEndpointWithResponseStream", resource_, {}}};
    if (in_.target_variant) needed[0].context["sagemaker:targetvariant"] = {*in_.target_variant};
    AddComponent(needed, resource_, in_.inference_component_name);
    return needed;
  }

  void Run(const std::shared_ptr<const Call>& call, Authorized, Responder respond) override {
    serving::Invocation invocation;
    invocation.endpoint = *in_.endpoint_name;
    if (in_.body) invocation.body = std::move(in_.body->bytes);
    invocation.content_type = in_.content_type.value_or("");
    invocation.accept = in_.accept.value_or("");
    invocation.target_variant = in_.target_variant.value_or("");
    invocation.component = in_.inference_component_name.value_or("");
    invocation.custom_attributes = in_.custom_attributes.value_or("");
    invocation.inference_id = in_.inference_id.value_or("");
    invocation.traceparent = Traceparent(call->head(), call->request_id);
    invocation.tracestate = Tracestate(call->head());
    auto pipe = std::make_shared<serving::AnswerPipe>(serving::AnswerPipe::Hooks{
        .begin = [call, respond](serving::Answer head,
                                 http::StreamBody body) { respond(Head(*call, head, std::move(body))); },
        .frame = Frame,
        .broken = Broken});
    invocation.stream = pipe;
    serving_.Invoke({call->session.account, call->region}, std::move(invocation),
                    [call, pipe, endpoint = LoggedAs(*in_.endpoint_name, in_.inference_component_name),
                     respond](Result<serving::Answer> answer) {
                      if (pipe->begun.load()) return;  // the stream has said it
                      if (!answer.ok()) return respond(std::move(answer).error());
                      respond(RenderModelError(*answer, endpoint, call->session.account, call->request_id));
                    });
  }

 private:
  static http::Response Head(const Call& call, const serving::Answer& head, http::StreamBody body) {
    http::Response response;
    response.headers.Add("Content-Type", "application/vnd.amazon.eventstream");
    response.headers.Add("X-Amzn-SageMaker-Content-Type",
                         head.content_type.empty() ? "application/octet-stream" : head.content_type);
    response.headers.Add("x-Amzn-Invoked-Production-Variant", head.variant);
    if (!head.custom_attributes.empty()) {
      response.headers.Add("X-Amzn-SageMaker-Custom-Attributes", head.custom_attributes);
    }
    response.headers.Add("x-amzn-RequestId", call.request_id.value());
    response.body = std::move(body);
    return response;
  }

  serving::Service& serving_;
  InvokeEndpointWithResponseStreamInput in_;
  const std::string resource_;
};

Row StreamRow(serving::Service& serving) {
  Row row;
  row.service = kModel.iam_prefix;
  row.operation = "InvokeEndpointWithResponseStream";
  row.authenticators = kSigV4 | kBearer;
  row.signed_for = kModel.signing_name;
  row.max_body_bytes = serving::kMaxInvocationBytes;
  row.prepare = [&serving](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    InvokeEndpointWithResponseStreamInput in;
    ALOFT_TRY(DecodeRequest(kModel, StreamOperation(), call.head(), call.body, &in));
    const char* what = in.target_container_hostname ? "TargetContainerHostname"
                       : in.session_id              ? "SessionId (stateful sessions)"
                                                    : nullptr;
    if (what != nullptr) {
      return Fail(kUnimplemented, std::string("NotImplemented: ") + what +
                                      " of InvokeEndpointWithResponseStream is not built in this Aloft.");
    }
    std::string resource =
        resources::SageMakerArn(call.session.account, call.region, "endpoint", in.endpoint_name.value_or(""));
    return std::unique_ptr<Prepared>(std::make_unique<PreparedStream>(serving, std::move(in), std::move(resource)));
  };
  return row;
}

}  // namespace

ServiceApi MakeSageMakerRuntimeApi(serving::Service& serving) {
  ServiceApi api;
  api.model = &kModel;
  Row row;
  row.service = kModel.iam_prefix;
  row.operation = "InvokeEndpoint";
  row.authenticators = kSigV4 | kBearer;
  row.signed_for = kModel.signing_name;
  row.max_body_bytes = serving::kMaxInvocationBytes;
  row.prepare = [&serving](const Call& call) -> Result<std::unique_ptr<Prepared>> {
    InvokeEndpointRequest in;
    ALOFT_TRY(DecodeRequest(kModel, Operation(), call.head(), call.body, &in));
    ALOFT_TRY(CheckBuilt(in));
    std::string resource =
        resources::SageMakerArn(call.session.account, call.region, "endpoint", in.endpoint_name.value_or(""));
    return std::unique_ptr<Prepared>(std::make_unique<PreparedInvoke>(serving, std::move(in), std::move(resource)));
  };
  api.rows.push_back(std::move(row));
  api.rows.push_back(StreamRow(serving));
  api.errors = {
      {serving::kNoSuchEndpoint, "ValidationError", 400},
      {serving::kEndpointNotInService, "ValidationError", 400},
      {serving::kNoSuchVariant, "ValidationError", 400},
      {serving::kNotAsync, "ValidationError", 400},
      {serving::kEndpointNotReady, "ServiceUnavailable", 503},
      {serving::kTooManyInvocations, "ThrottlingException", 429},
      {serving::kBadTarget, "ValidationError", 400},
      {serving::kNoSuchComponent, "ValidationError", 400},
      {serving::kModelNotReady, "ModelNotReadyException", 429},
      {kUnimplemented, "NotImplemented", 400},
  };
  return api;
}

}  // namespace aloft::api
