// How one AWS request is spelled: which protocol, how its body becomes the operation's struct and the answer's struct a
// response. The codecs are foundation/shapes; this is their use over HTTP.
#pragma once

#include <optional>
#include <string_view>

#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/codec/uri.h"
#include "foundation/http/message.h"
#include "foundation/shapes/service_model.h"

namespace aloft::api {

enum class Protocol { kJson, kQuery, kRestJson, kCbor };

// The parameters of a query-protocol request: the URL's and the form's. Absent where they are malformed.
std::optional<codec::Query> QueryParameters(const http::RequestHead& head, std::string_view body);

// From the head alone: `smithy-protocol` is CBOR, X-Amz-Target is JSON, a model of rest-json is that, all else is
// query. `service` is null where it is not known.
Protocol DetectProtocol(const http::RequestHead& head, const shapes::ServiceModel* service);

// Decodes into `input` (an object of operation.input) and validates it. Errors: shapes::kSerialization,
// shapes::kValidation.
Status DecodeRequest(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                     const http::RequestHead& head, std::string_view body, void* input);

// `output` is an object of operation.output.
http::Response EncodeResponse(const shapes::ServiceModel& service, const shapes::OperationModel& operation,
                              const http::RequestHead& head, const RequestId& request_id, const void* output);

// What an error is called on the wire.
struct WireError {
  std::string_view code;
  int status = 400;
  std::string_view message;
  bool sender_fault = true;
  std::string_view shape = {};  // the model's name where the service's model has one
  std::string_view message_member = "message";
};
// `service` is null where it is not known.
http::Response EncodeError(const shapes::ServiceModel* service, Protocol protocol, const RequestId& request_id,
                           const WireError& error);

}  // namespace aloft::api
