// Rows -> the elements of a model's input, and what there is to say about both.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "services/serving/onnx_worker/ort_abi.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

std::string ShapeText(const Shape& shape);
// Whether rows of the shape are what the input takes; -1 is any length, an empty expectation any shape.
bool Fits(const Shape& expected, const Shape& actual);
// The Open Inference Protocol's name; empty: we have none.
std::string_view DatatypeOf(ort::ElementType type);
// Numbers, not texts, as the type has them in memory. kBadBody where one is no integer of the type.
Status ToElements(ort::ElementType type, const Rows& rows, std::string& buffer);

}  // namespace aloft::onnx_worker
