// Rows of several requests -> rows of one call, and its outputs -> those of each request. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "services/serving/onnx_worker/onnx_model.h"

namespace aloft::onnx_worker {

// What requests must have in common to be one call: the model's first dimension is free, and all inputs have as many
// rows, of one form and one kind of values. Empty: the request is computed alone.
std::string FormOf(const std::vector<Input>& model, const std::vector<Rows>& rows);

// `parts` have one form.
std::vector<Rows> Join(const std::vector<const std::vector<Rows>*>& parts);
// Whether all parts have the same values.
bool AreSame(const std::vector<const std::vector<Rows>*>& parts);
// So many rows from `first` on.
std::vector<Rows> Slice(const std::vector<Rows>& rows, std::int64_t first, std::int64_t count);

// Whether each output has `rows` rows, so that it can be divided.
bool HaveRows(const std::vector<Output>& outputs, std::int64_t rows);
std::vector<Output> Slice(const std::vector<Output>& outputs, std::int64_t first, std::int64_t count);
// The rows of `more` behind those of `outputs`; false where they do not fit together.
bool Append(std::vector<Output>& outputs, std::vector<Output> more);

// Whether both are one prediction, up to the last digits: a larger call may add numbers in another order.
bool AreAlike(const std::vector<Output>& a, const std::vector<Output>& b);

}  // namespace aloft::onnx_worker
