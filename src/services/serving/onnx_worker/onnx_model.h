// A model in memory, run by ONNX Runtime, which is loaded with dlopen so that the server builds and runs without it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

struct Input {
  std::string name;
  Shape shape;  // -1: any length
  // FP32, FP64, INT64, INT32, INT16, INT8, UINT16, UINT8, BOOL or BYTES (texts), as the Open Inference Protocol calls
  // them
  std::string_view datatype = "FP32";
};

class OnnxModel {
 public:
  // `library`: path of libonnxruntime.so. Blocks. kBadModel where an input is no tensor of numbers or texts.
  static Result<std::unique_ptr<OnnxModel>> Load(const std::string& library, const std::string& path);
  virtual ~OnnxModel() = default;

  virtual const std::vector<Input>& inputs() const = 0;  // in the model's order; at least one
  virtual std::string runtime_version() const = 0;

  // All outputs, in the model's order, from the rows of each input. Runs on the calling thread alone; thread-safe.
  // kBadShape with what was expected.
  virtual Result<std::vector<Output>> Run(std::span<const Rows> inputs) const = 0;
};

// libonnxruntime.so.1: $ALOFT_ONNXRUNTIME, else lib/ beside this program.
std::string FindLibrary();

}  // namespace aloft::onnx_worker
