// Rows of numbers or texts on their way between a request's bytes and the model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "foundation/base/error.h"

namespace aloft::onnx_worker {

// What a request may be wrong in; each has its HTTP status (codec.h, StatusOf).
inline constexpr Reason kBadBody{ErrorKind::kInvalid, "BadBody"};
inline constexpr Reason kBadShape{ErrorKind::kInvalid, "BadShape"};
inline constexpr Reason kUnsupportedType{ErrorKind::kInvalid, "UnsupportedMediaType"};
inline constexpr Reason kNotAcceptable{ErrorKind::kInvalid, "NotAcceptable"};
inline constexpr Reason kBadModel{ErrorKind::kInvalid, "BadModel"};
inline constexpr Reason kModelFailed{ErrorKind::kInternal, "ModelFailed"};

using Shape = std::vector<std::int64_t>;

// The rows of a request for one input, row after row. Kept by a thread and filled again for each request. One of the
// three holds them: numbers as doubles, integers where they came as such and may exceed 2^53, or texts.
struct Rows {
  Shape shape;
  std::vector<double> values;
  std::vector<std::int64_t> integers{};
  std::vector<std::string> texts{};

  std::size_t size() const {
    return !integers.empty() ? integers.size() : !texts.empty() ? texts.size() : values.size();
  }
  void Clear() { shape.clear(), values.clear(), integers.clear(), texts.clear(); }
};

// One output of the model. Numbers keep their type, so that labels are written as integers.
struct Output {
  std::string_view name;  // lives as long as the model
  Shape shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>, std::vector<std::string>> values;
  // Set where the model gave a map per row (class -> probability): the classes, in the order of the columns.
  std::variant<std::monostate, std::vector<std::int64_t>, std::vector<std::string>> classes;
};

}  // namespace aloft::onnx_worker
