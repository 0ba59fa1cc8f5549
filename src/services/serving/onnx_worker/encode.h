// The model's outputs -> an answer's bytes.
//
// JSON: {"predictions": [...], "probabilities": [[...], ...], "classes": [...], "outputs": {...}}. `predictions` is the
// model's first output, a list with one element per row. `probabilities` (with `classes`, where the model names them)
// is its second, where it is one row of numbers per row. Further outputs stand in `outputs` by their names. CSV: the
// predictions, one line per row. NPY: the predictions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

enum class Format { kJson, kCsv, kNpy };

// The first type of an Accept header that we write, by quality, then order; JSON where all are welcome. kNotAcceptable.
Result<Format> ChooseFormat(std::string_view accept);
std::string_view ContentType(Format format);

std::string Encode(Format format, const std::vector<Output>& outputs);

}  // namespace aloft::onnx_worker
