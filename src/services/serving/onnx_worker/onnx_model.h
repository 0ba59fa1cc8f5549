// A model in memory, run by ONNX Runtime, which is loaded with dlopen so that the server builds and runs without it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

struct Input {
  std::string name;
  Shape shape;                         // -1: any length
  std::string_view datatype = "FP32";  // or FP64, INT64, INT32, as the Open Inference Protocol calls them
};

class OnnxModel {
 public:
  // `library`: path of libonnxruntime.so. Blocks; the model has one numeric tensor as input, else kBadModel.
  static Result<std::unique_ptr<OnnxModel>> Load(const std::string& library, const std::string& path);
  virtual ~OnnxModel() = default;

  virtual const Input& input() const = 0;
  virtual std::string runtime_version() const = 0;

  // All outputs, in the model's order. Runs on the calling thread alone; thread-safe. kBadShape with what was expected.
  virtual Result<std::vector<Output>> Run(const Rows& rows) const = 0;
};

// libonnxruntime.so.1: $ALOFT_ONNXRUNTIME, else lib/ beside this program.
std::string FindLibrary();

}  // namespace aloft::onnx_worker
