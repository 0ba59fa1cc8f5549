// Requests and answers in the forms of our Python worker (runtime/aloft_runtime/serving/codecs.py), where both mean the
// same to the last byte. What is not plainly so is left to the Python worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/serving/onnx_worker/encode.h"
#include "services/serving/onnx_worker/tensor.h"

namespace aloft::onnx_worker {

// Rows of `width` finite numbers, as JSON ([[1, 2]], or as the one member of an object), CSV, or NPY of doubles; false
// where Python may read the body otherwise, or refuse it: `rows` is undefined then.
bool ReadAsPython(std::string_view content_type, std::string_view body, std::int64_t width, Rows& rows);

// What the Python worker answers an Accept with, where it is one of the plain ones.
std::optional<Format> AcceptedByPython(std::string_view accept);

// One value for each row, as Python writes them; nothing where that is not certain (texts with quotes in CSV, texts in
// NPY, numbers that are not finite).
std::optional<std::string> WriteAsPython(Format format, const Output& output);

// repr(value) of a finite one: 0.1, 1.0, 1e-05, 1e+16.
void WritePythonNumber(double value, std::string& out);

}  // namespace aloft::onnx_worker
