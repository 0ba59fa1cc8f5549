// One AWS service as its model describes it: names, protocols, the operations that are generated and the names of all
// others, the errors.
#pragma once

#include <span>
#include <string_view>

#include "foundation/shapes/shape.h"

namespace aloft::shapes {

// An error that a model defines. `code` is what the wire carries; `shape` is its name in the model.
struct ErrorShape {
  std::string_view shape = {};
  std::string_view code = {};
  int status = 0;  // 0: the model says nothing
  bool sender_fault = true;
  std::string_view message_member = "message";
};

// An operation with generated structs.
struct OperationModel {
  std::string_view name = {};
  const Shape* input = nullptr;
  const Shape* output = nullptr;
  std::string_view method = "POST";
  std::string_view uri = "/";  // "/endpoints/{EndpointName}/invocations"
  int response_code = 200;
  std::string_view result_wrapper = {};  // query: the element around the result; empty where there is no output
  bool unsigned_calls = false;           // the model says that callers need not sign
};

struct ServiceModel {
  std::string_view name = {};           // botocore's: "sagemaker-runtime"
  std::string_view id = {};             // "SageMaker Runtime"
  std::string_view signing_name = {};   // of the credential scope: "sagemaker"
  std::string_view iam_prefix = {};     // of actions: "sagemaker"
  std::string_view version = {};        // "2017-05-13"
  std::string_view target_prefix = {};  // of X-Amz-Target; empty where the protocol has none
  std::string_view json_version = {};   // "1.1"; empty where the protocol has none
  std::string_view xml_namespace = {};  // of query responses
  bool query_compatible = false;        // JSON and CBOR errors also carry the query protocol's code
  std::span<const std::string_view> protocols{};
  std::span<const OperationModel* const> operations{};  // generated, sorted by name
  std::span<const std::string_view> all{};              // every operation of the model, sorted
  std::span<const ErrorShape> errors{};                 // sorted by shape
};

// Null where the operation has no generated structs.
const OperationModel* FindOperation(const ServiceModel& service, std::string_view name);
// Whether the service's model has an operation of that name, generated or not.
bool Knows(const ServiceModel& service, std::string_view name);
// By shape name or else by wire code, which several shapes may share; null where the model has no such error.
const ErrorShape* FindError(const ServiceModel& service, std::string_view name);

}  // namespace aloft::shapes
