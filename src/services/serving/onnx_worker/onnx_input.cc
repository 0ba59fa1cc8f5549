#include "services/serving/onnx_worker/onnx_input.h"

#include <limits>
#include <type_traits>
#include <utility>

namespace aloft::onnx_worker {

using ort::ElementType;

namespace {

Error NoInteger() {
  return Fail(kBadBody, "The model takes integers; the request has a value that is none, or too large for the type");
}

template <class T>
Status Convert(const Rows& rows, std::string& buffer) {
  buffer.resize(rows.size() * sizeof(T));
  T* out = reinterpret_cast<T*>(buffer.data());
  for (std::int64_t value : rows.integers) {
    if constexpr (std::is_same_v<T, bool>) {
      if (value != 0 && value != 1) return NoInteger();
    } else if constexpr (std::is_integral_v<T>) {
      if (!std::in_range<T>(value)) return NoInteger();
    }
    *out++ = static_cast<T>(value);
  }
  if (!rows.integers.empty()) return {};
  for (double value : rows.values) {
    if constexpr (std::is_integral_v<T>) {
      // The bounds are exact as doubles: the lower one is 0 or a power of two, the upper one a power of two.
      constexpr double lower = static_cast<double>(std::numeric_limits<T>::min());
      constexpr double upper = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
      if (!(value >= lower && value < upper) || value != static_cast<double>(static_cast<T>(value))) {
        return NoInteger();
      }
    }
    *out++ = static_cast<T>(value);
  }
  return {};
}

}  // namespace

std::string ShapeText(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] < 0 ? "any" : std::to_string(shape[i]);
  }
  return text + "]";
}

bool Fits(const Shape& expected, const Shape& actual) {
  if (expected.empty()) return true;  // the model does not say
  if (expected.size() != actual.size()) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] >= 0 && expected[i] != actual[i]) return false;
  }
  return true;
}

std::string_view DatatypeOf(ElementType type) {
  switch (type) {
    case ElementType::kFloat: return "FP32";
    case ElementType::kDouble: return "FP64";
    case ElementType::kInt64: return "INT64";
    case ElementType::kInt32: return "INT32";
    case ElementType::kInt16: return "INT16";
    case ElementType::kInt8: return "INT8";
    case ElementType::kUint16: return "UINT16";
    case ElementType::kUint8: return "UINT8";
    case ElementType::kBool: return "BOOL";
    case ElementType::kString: return "BYTES";
    default: return {};
  }
}

Status ToElements(ElementType type, const Rows& rows, std::string& buffer) {
  switch (type) {
    case ElementType::kDouble: return Convert<double>(rows, buffer);
    case ElementType::kInt64: return Convert<std::int64_t>(rows, buffer);
    case ElementType::kInt32: return Convert<std::int32_t>(rows, buffer);
    case ElementType::kInt16: return Convert<std::int16_t>(rows, buffer);
    case ElementType::kInt8: return Convert<std::int8_t>(rows, buffer);
    case ElementType::kUint16: return Convert<std::uint16_t>(rows, buffer);
    case ElementType::kUint8: return Convert<std::uint8_t>(rows, buffer);
    case ElementType::kBool: return Convert<bool>(rows, buffer);
    default: return Convert<float>(rows, buffer);
  }
}

}  // namespace aloft::onnx_worker
