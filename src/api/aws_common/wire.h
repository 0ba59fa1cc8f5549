// How one AWS request is spelled: which protocol, how its body becomes the operation's struct and the answer's struct a
// response. The codecs are foundation/shapes; this is their use over HTTP.
#pragma once

#include <string_view>

#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "foundation/http/message.h"
#include "foundation/shapes/service_model.h"

namespace aloft::api {

enum class Protocol { kJson, kQuery, kRestJson, kCbor };

// From the head alone: `smithy-protocol` or its path is CBOR, X-Amz-Target is JSON, otherwise what the model says.
Protocol DetectProtocol(const http::RequestHead& head, const shapes::ServiceModel& service);

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
  std::string_view shape = {};  // the model's name where it differs from the code
};
http::Response EncodeError(const shapes::ServiceModel& service, Protocol protocol, const RequestId& request_id,
                           const WireError& error);

}  // namespace aloft::api
