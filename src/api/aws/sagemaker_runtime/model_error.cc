#include "api/aws/sagemaker_runtime/model_error.h"

#include "foundation/codec/json.h"
#include "services/serving/endpoints/component_name.h"

namespace aloft::api {
namespace {

constexpr std::size_t kMaxOriginal = 4096;  // of the model's own text that is repeated

}  // namespace

http::Response RenderModelError(const serving::Answer& answer, const std::string& endpoint, const AccountId& account,
                                const RequestId& request_id) {
  std::string original = answer.body.substr(0, kMaxOriginal);
  bool client = answer.status >= 400 && answer.status < 500;
  std::string message = std::string("Received ") + (client ? "client" : "server") + " error (" +
                        std::to_string(answer.status) + ") from " +
                        (answer.container.empty() ? "primary" : answer.container) + " with message \"" + original +
                        "\". See the log group " + serving::LogGroupNameOf(endpoint) + " in account " +
                        account.value() + " for more information.";
  std::string body;
  codec::JsonWriter(body)
      .BeginObject()
      .Key("ErrorCode")
      .String(client ? "CLIENT_ERROR_FROM_MODEL" : "SERVER_ERROR_FROM_MODEL")
      .Key("LogStreamArn")
      .String(answer.log_stream_arn)
      .Key("Message")
      .String(message)
      .Key("OriginalMessage")
      .String(original)
      .Key("OriginalStatusCode")
      .Int(answer.status)
      .EndObject();
  http::Response response;
  response.status = 424;
  response.headers.Add("Content-Type", "application/json");
  response.headers.Add("x-amzn-ErrorType", "ModelError");
  response.headers.Add("x-amzn-RequestId", request_id.value());
  response.body = std::move(body);
  return response;
}

}  // namespace aloft::api
