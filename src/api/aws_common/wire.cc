#include "api/aws_common/wire.h"

#include "api/aws_common/content_encoding.h"
#include "foundation/base/bytes.h"
#include "foundation/codec/cbor.h"
#include "foundation/codec/json.h"
#include "foundation/codec/xml.h"
#include "foundation/shapes/cbor.h"
#include "foundation/shapes/errors.h"
#include "foundation/shapes/json.h"
#include "foundation/shapes/query.h"
#include "foundation/shapes/rest.h"
#include "foundation/shapes/validate.h"

namespace aloft::api {
namespace {

constexpr std::string_view kRpcV2Cbor = "rpc-v2-cbor";

std::string JsonType(const shapes::ServiceModel* service) {
  std::string_view version = service != nullptr ? service->json_version : std::string_view();
  return "application/x-amz-json-" + std::string(version.empty() ? "1.1" : version);
}

http::Response MakeResponse(int status, std::string type, const RequestId& request_id, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.Add("x-amzn-RequestId", request_id.value());
  response.headers.Add("Content-Type", std::move(type));
  response.body = std::move(body);
  return response;
}

Status Decode(Protocol protocol, const shapes::OperationModel& operation, const http::RequestHead& head,
              std::string_view body, void* input) {
  const shapes::Shape& shape = *operation.input;
  switch (protocol) {
    case Protocol::kJson: return shapes::DecodeJsonText(shape, body, input);
    case Protocol::kCbor: return shapes::DecodeCbor(shape, body, input);
    case Protocol::kRestJson:
      return shapes::DecodeRest(operation, {head.path(), head.query(), &head.headers.fields(), body}, input);
    case Protocol::kQuery: {
      auto parameters = QueryParameters(head, body);
      if (!parameters) return Fail(shapes::kSerialization, "The form is malformed");
      return shapes::DecodeQuery(shape, *parameters, input);
    }
  }
  return {};
}

// Clients of the query protocol that moved to JSON still look for its codes.
void AddQueryError(const shapes::ServiceModel* service, const WireError& error, http::Response& response) {
  if (service != nullptr && service->query_compatible)
    response.headers.Add("x-amzn-query-error",
                         std::string(error.code) + (error.sender_fault ? ";Sender" : ";Receiver"));
}

std::string ErrorJson(const WireError& error, std::string_view type) {
  std::string body;
  codec::JsonWriter json(body);
  json.BeginObject().Key("__type").String(type).Key(error.message_member).String(error.message).EndObject();
  return body;
}

std::string ErrorXml(const shapes::ServiceModel* service, const RequestId& request_id, const WireError& error) {
  std::string body;
  codec::XmlWriter xml(body, false);
  xml.Open("ErrorResponse", service != nullptr ? service->xml_namespace : std::string_view());
  xml.Open("Error");
  xml.Element("Type", error.sender_fault ? "Sender" : "Receiver");
  xml.Element("Code", error.code).Element("Message", error.message);
  xml.Close().Element("RequestId", std::string_view(request_id.value())).Close();
  return body;
}

std::string ErrorCbor(const WireError& error, std::string_view type) {
  std::string body;
  codec::CborWriter cbor(body);
  cbor.Map(2).Text("__type").Text(type).Text(error.message_member).Text(error.message);
  return body;
}

}  // namespace

std::optional<codec::Query> QueryParameters(const http::RequestHead& head, std::string_view body) {
  auto parameters = codec::ParseQuery(head.query());
  std::string buffer;
  auto plain = PlainBody(head, head.method == "POST" ? body : std::string_view(), buffer);
  if (!plain.ok()) return std::nullopt;
  auto form = codec::ParseQuery(*plain);
  if (!parameters || !form) return std::nullopt;
  parameters->insert(parameters->end(), std::make_move_iterator(form->begin()), std::make_move_iterator(form->end()));
  return parameters;
}

Protocol DetectProtocol(const http::RequestHead& head, const shapes::ServiceModel* service) {
  if (head.headers.Get("smithy-protocol") == kRpcV2Cbor) return Protocol::kCbor;
  if (head.headers.Has("x-amz-target")) return Protocol::kJson;
  if (service != nullptr && !service->protocols.empty() && service->protocols.front() == "rest-json")
    return Protocol::kRestJson;
  if (service != nullptr && service->xml_namespace.empty()) return Protocol::kJson;
  return Protocol::kQuery;
}

Status DecodeRequest(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                     const http::RequestHead& head, std::string_view body, void* input) {
  Protocol protocol = DetectProtocol(head, &service);
  std::string buffer;
  // A form is inflated with its parameters; what rest-json carries may be compressed for its receiver.
  bool compressible = protocol == Protocol::kJson || protocol == Protocol::kCbor;
  ALOFT_ASSIGN(std::string_view plain, compressible ? PlainBody(head, body, buffer) : Result<std::string_view>(body));
  ALOFT_TRY(Decode(protocol, operation, head, plain, input));
  return shapes::Validate(*operation.input, input);
}

http::Response EncodeResponse(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                              const http::RequestHead& head, const RequestId& request_id, const void* output) {
  std::string body;
  switch (DetectProtocol(head, &service)) {
    case Protocol::kJson:
      shapes::EncodeJson(*operation.output, output, body);
      return MakeResponse(200, JsonType(&service), request_id, std::move(body));
    case Protocol::kQuery:
      shapes::EncodeQuery(service, operation, output, request_id.value(), body);
      return MakeResponse(200, "text/xml", request_id, std::move(body));
    case Protocol::kCbor: {
      shapes::EncodeCbor(*operation.output, output, body);
      http::Response response = MakeResponse(200, "application/cbor", request_id, std::move(body));
      response.headers.Add("smithy-protocol", std::string(kRpcV2Cbor));
      return response;
    }
    case Protocol::kRestJson: break;
  }
  shapes::RestResponse rest = shapes::EncodeRest(operation, output);
  http::Response response;
  response.status = rest.status;
  response.headers.Add("x-amzn-RequestId", request_id.value());
  for (auto& [name, value] : rest.headers) response.headers.Add(std::move(name), std::move(value));
  response.body = std::move(rest.body);
  return response;
}

http::Response EncodeError(const shapes::ServiceModel* service, Protocol protocol, const RequestId& request_id,
                           const WireError& error) {
  // A modelled error goes by its shape's name where the protocol names shapes.
  std::string_view type = error.shape.empty() ? error.code : error.shape;
  switch (protocol) {
    case Protocol::kQuery:
      return MakeResponse(error.status, "text/xml", request_id, ErrorXml(service, request_id, error));
    case Protocol::kCbor: {
      auto response = MakeResponse(error.status, "application/cbor", request_id, ErrorCbor(error, type));
      response.headers.Add("smithy-protocol", std::string(kRpcV2Cbor));
      AddQueryError(service, error, response);
      return response;
    }
    case Protocol::kJson: {
      auto response = MakeResponse(error.status, JsonType(service), request_id, ErrorJson(error, type));
      AddQueryError(service, error, response);
      return response;
    }
    case Protocol::kRestJson: break;
  }
  auto response = MakeResponse(error.status, "application/json", request_id, ErrorJson(error, type));
  response.headers.Add("x-amzn-ErrorType", std::string(type));
  return response;
}

}  // namespace aloft::api
