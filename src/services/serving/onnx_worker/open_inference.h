// The Open Inference Protocol, version 2, over HTTP: named, typed tensors as JSON or as bytes behind the JSON.
// https://github.com/kserve/open-inference-protocol, with the binary tensor extension of Triton. The tests use
// tritonclient. A datatype must be the model's own; nothing is converted silently.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

inline constexpr Reason kNoSuchPath{ErrorKind::kNotFound, "NoSuchPath"};

inline constexpr std::string_view kVersion = "1";  // of every model

struct TensorPath {
  std::string model;  // as the caller calls it
  enum class What { kMetadata, kReady, kInfer } what = What::kMetadata;
};
// "/v2/models/<model>[/versions/1][/infer|/ready]". kNoSuchPath.
Result<TensorPath> ParseTensorPath(std::string_view path);

// A wanted output and its form.
struct WantedOutput {
  std::string name;
  bool binary = false;
};
struct TensorRequest {
  std::string id;
  std::vector<Rows> rows;             // in the order of the model's inputs
  std::vector<WantedOutput> outputs;  // empty: all
  bool binary = false;                // of all
};
// `json_length`: Inference-Header-Content-Length, or empty. kBadBody, kBadShape.
Result<TensorRequest> DecodeTensors(const std::vector<Input>& model, std::string_view body,
                                    std::string_view json_length);

struct TensorAnswer {
  std::string body;
  std::optional<std::size_t> json_length;  // present where bytes follow
};
// kBadBody where an output is wanted that the model has not.
Result<TensorAnswer> EncodeTensors(const std::string& model, const TensorRequest& request,
                                   const std::vector<Output>& outputs);

// What a trial run gave tells the outputs' types and shapes.
std::string DescribeModel(const std::string& model, const std::vector<Input>& inputs,
                          const std::vector<Output>& outputs);

}  // namespace aloft::onnx_worker
