// The protocol's gRPC messages <-> its REST form with binary tensors. Pure: no sockets, no gRPC.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"

namespace inference {
class ModelInferRequest;
class ModelInferResponse;
class ModelMetadataResponse;
}  // namespace inference

namespace aloft::inference_grpc {

inline constexpr Reason kNoSuchModel{ErrorKind::kNotFound, "NoSuchModel"};

// "/v2/models/<name>[/versions/<version>]<rest>". kNoSuchModel where the name could not be an endpoint's.
Result<std::string> ModelPath(std::string_view name, std::string_view version, std::string_view rest);

struct RestRequest {
  std::string body;             // JSON, then the tensors' bytes
  std::size_t json_length = 0;  // Inference-Header-Content-Length
};
// kInvalidArgument where tensors and contents do not fit each other.
Result<RestRequest> ToRest(const inference::ModelInferRequest& request);

// `json_length`: the answer's Inference-Header-Content-Length; empty: it is all JSON. kInternal where it cannot be
// read.
Status FromRest(std::string_view body, std::string_view json_length, inference::ModelInferResponse& response);
Status FromRest(std::string_view body, inference::ModelMetadataResponse& response);

// {"error": "..."} -> the text; else the start of the body.
std::string ErrorText(std::string_view body);

}  // namespace aloft::inference_grpc
