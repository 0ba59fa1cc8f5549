// A request's bytes -> rows of numbers.
#pragma once

#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/onnx_model.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

// By Content-Type: application/json (the default), text/csv, application/x-npy. Fills `rows`, whose memory is used
// again. kUnsupportedType, kBadBody.
Status Decode(std::string_view content_type, std::string_view body, Rows& rows);

// [[1, 2], [3, 4]], or an object with one such member "instances", "inputs", "features" or "data"; "features" may be
// one row. Numbers and booleans only; all lists of one level have the same length. Parsed straight into `rows`: at
// large batches, reading numbers is most of what a prediction costs.
Status DecodeJson(std::string_view body, Rows& rows);
// For models of several inputs, or of texts: {"inputs": {"a": [[1, 2]], "b": ["x"]}}, each with all of its rows, or
// {"instances": [{"a": [1, 2], "b": "x"}, ...]}, row by row. `rows` in the order of `inputs`.
Status DecodeNamed(const std::vector<Input>& inputs, std::string_view content_type, std::string_view body,
                   std::vector<Rows>& rows);
// One row per line; no header.
Status DecodeCsv(std::string_view body, Rows& rows);
// NumPy's format, versions 1 to 3: little-endian numbers or booleans, C order. Never objects.
Status DecodeNpy(std::string_view body, Rows& rows);

}  // namespace aloft::onnx_worker
