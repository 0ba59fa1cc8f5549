#include "api/aws/sagemaker_runtime/async_rows.h"

#include "api/aws_common/row.h"
#include "generated/shapes/sagemaker_runtime/invoke.h"
#include "generated/shapes/sagemaker_runtime/service_model.h"
#include "services/resources/arn.h"

namespace aloft::api {
namespace {

using namespace shapes::sagemaker_runtime;  // NOLINT: the vocabulary of this file

Result<InvokeEndpointAsyncOutput> Invoke(async_inference::Service& service, const Call& call,
                                         const InvokeEndpointAsyncInput& in) {
  async_inference::Request request;
  request.scope = {call.session.account, call.region};
  request.endpoint = in.endpoint_name.value_or("");
  request.input = in.input_location.value_or("");
  if (in.body) request.body = in.body->bytes;
  request.content_type = in.content_type.value_or("");
  request.accept = in.accept.value_or("");
  request.custom_attributes = in.custom_attributes.value_or("");
  request.inference_id = in.inference_id.value_or("");
  if (in.request_ttl_seconds) request.ttl = std::chrono::seconds(*in.request_ttl_seconds);
  if (in.invocation_timeout_seconds) request.timeout = std::chrono::seconds(*in.invocation_timeout_seconds);
  ALOFT_ASSIGN(async_inference::Service::Accepted accepted,
               service.Invoke(std::move(request), in.s3_output_path_extension.value_or(""), in.filename.value_or("")));
  InvokeEndpointAsyncOutput out;
  out.inference_id = std::move(accepted.inference_id);
  out.output_location = std::move(accepted.output);
  if (!accepted.failure.empty()) out.failure_location = std::move(accepted.failure);
  return out;
}

}  // namespace

ServiceApi MakeAsyncInferenceApi(async_inference::Service& service) {
  ServiceApi api;
  api.model = &kModel;
  api.rows.push_back(MakeRow<InvokeEndpointAsyncInput, InvokeEndpointAsyncOutput>(
      kModel, "InvokeEndpointAsync",
      [](const Call& call, const InvokeEndpointAsyncInput& in) -> std::vector<Permission> {
        return {{"sagemaker:InvokeEndpointAsync",
                 resources::SageMakerArn(call.session.account, call.region, "endpoint", in.endpoint_name.value_or("")),
                 {}}};
      },
      [&service](const Call& call, const Authorized&, const InvokeEndpointAsyncInput& in) {
        return Invoke(service, call, in);
      }));
  api.errors = {
      {async_inference::kBadRequest, "ValidationError", 400},
      {async_inference::kQueueFull, "ThrottlingException", 429},
  };
  return api;
}

}  // namespace aloft::api
