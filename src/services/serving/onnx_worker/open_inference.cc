#include "services/serving/onnx_worker/open_inference.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cstring>
#include <limits>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"

namespace aloft::onnx_worker {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDimensions = 32;
constexpr std::size_t kMaxElements = std::size_t{1} << 28;  // far above what a body can hold

Error Bad(std::string message) {
  return Fail(kBadBody, std::move(message));
}

template <class T, class To>
void Read(std::string_view bytes, std::vector<To>& values) {
  values.resize(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<To>(value);
  }
}

Result<std::size_t> CountOf(const Shape& shape) {
  std::size_t count = 1;
  for (std::int64_t size : shape) {
    if (size != 0 && count > kMaxElements / static_cast<std::size_t>(size)) return Bad("The shape is too large");
    count *= static_cast<std::size_t>(size);
  }
  return count;
}

Result<Shape> ReadShape(const json::object& tensor) {
  const json::value* given = tensor.if_contains("shape");
  if (given == nullptr || !given->is_array() || given->get_array().size() > kMaxDimensions) {
    return Bad("The input has no shape");
  }
  Shape shape;
  for (const json::value& size : given->get_array()) {
    if (!size.is_int64() || size.get_int64() < 0) return Bad("The input's shape is no list of sizes");
    shape.push_back(size.get_int64());
  }
  return shape;
}

bool IsText(const Input& input) {
  return input.datatype == "BYTES";
}
bool IsFloat(const Input& input) {
  return input.datatype.starts_with("FP");
}

// Nested lists or a flat one: both are the elements in order.
Status Flatten(const json::value& value, const Input& input, Rows& rows) {
  if (value.is_array()) {
    for (const json::value& element : value.get_array()) ALOFT_TRY(Flatten(element, input, rows));
    return {};
  }
  if (IsText(input)) {
    if (!value.is_string()) return Bad("Input " + input.name + ": the data is not of its datatype");
    rows.texts.emplace_back(value.get_string());
  } else if (value.is_bool()) {
    IsFloat(input) ? rows.values.push_back(value.get_bool()) : rows.integers.push_back(value.get_bool());
  } else if (IsFloat(input) && value.is_number()) {
    rows.values.push_back(value.to_number<double>());
  } else if (value.is_int64()) {
    rows.integers.push_back(value.get_int64());
  } else {
    return Bad("Input " + input.name + ": the data is not of its datatype");
  }
  return {};
}

std::size_t WidthOf(std::string_view datatype) {
  if (datatype == "BOOL" || datatype.ends_with("T8")) return 1;
  if (datatype.ends_with("16")) return 2;
  return datatype.ends_with("64") ? 8 : 4;
}

Status ReadTexts(const Input& input, std::size_t count, std::string_view bytes, std::vector<std::string>& texts) {
  while (!bytes.empty()) {
    std::uint32_t length = 0;
    if (bytes.size() >= sizeof length) std::memcpy(&length, bytes.data(), sizeof length);
    if (bytes.size() < sizeof length || bytes.size() - sizeof length < length || texts.size() == count) {
      return Bad("Input " + input.name + ": an element is cut off, or there are too many");
    }
    texts.emplace_back(bytes.substr(sizeof length, length));
    bytes.remove_prefix(sizeof length + length);
  }
  if (texts.size() == count) return {};
  return Bad("Input " + input.name + ": the shape has " + std::to_string(count) + " elements, its data " +
             std::to_string(texts.size()));
}

Status ReadBinary(const Input& input, std::size_t count, std::string_view bytes, Rows& rows) {
  std::string_view type = input.datatype;
  if (IsText(input)) return ReadTexts(input, count, bytes, rows.texts);
  if (bytes.size() != count * WidthOf(type)) {
    return Bad("Input " + input.name + ": the shape has " + std::to_string(count * WidthOf(type)) +
               " bytes, its data " + std::to_string(bytes.size()));
  }
  if (type == "FP64") Read<double>(bytes, rows.values);
  if (type == "FP32") Read<float>(bytes, rows.values);
  if (type == "INT64") Read<std::int64_t>(bytes, rows.integers);
  if (type == "INT32") Read<std::int32_t>(bytes, rows.integers);
  if (type == "INT16") Read<std::int16_t>(bytes, rows.integers);
  if (type == "INT8") Read<std::int8_t>(bytes, rows.integers);
  if (type == "UINT16") Read<std::uint16_t>(bytes, rows.integers);
  if (type == "UINT8") Read<std::uint8_t>(bytes, rows.integers);
  if (type == "BOOL") {
    Read<std::uint8_t>(bytes, rows.integers);
    for (std::int64_t& value : rows.integers) value = value != 0;
  }
  return {};
}

std::string_view TextOf(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

const json::value* Parameter(const json::object& object, const char* name) {
  const json::value* parameters = object.if_contains("parameters");
  return parameters != nullptr && parameters->is_object() ? parameters->get_object().if_contains(name) : nullptr;
}

bool Flag(const json::object& object, const char* name, bool otherwise) {
  const json::value* value = Parameter(object, name);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

// Takes the tensor's bytes off the front of `binary`.
Status ReadInput(const Input& input, const json::object& tensor, std::string_view& binary, Rows& rows) {
  std::string datatype(TextOf(tensor, "datatype"));
  if (datatype != input.datatype) {
    return Bad("The model's input " + input.name + " is " + std::string(input.datatype) + ", the request's is " +
               datatype);
  }
  ALOFT_ASSIGN(rows.shape, ReadShape(tensor));
  ALOFT_ASSIGN(std::size_t count, CountOf(rows.shape));
  if (const json::value* size = Parameter(tensor, "binary_data_size")) {
    if (!size->is_int64() || size->get_int64() < 0 || static_cast<std::uint64_t>(size->get_int64()) > binary.size()) {
      return Bad("Input " + input.name + ": its binary_data_size is not what follows the JSON: the body is cut off");
    }
    std::string_view bytes = binary.substr(0, static_cast<std::size_t>(size->get_int64()));
    binary.remove_prefix(bytes.size());
    return ReadBinary(input, count, bytes, rows);
  }
  const json::value* data = tensor.if_contains("data");
  if (data == nullptr) return Bad("Input " + input.name + " has no data");
  ALOFT_TRY(Flatten(*data, input, rows));
  if (rows.size() != count) {
    return Bad("Input " + input.name + ": the shape has " + std::to_string(count) + " elements, its data " +
               std::to_string(rows.size()));
  }
  return {};
}

std::string NamesOf(const std::vector<Input>& inputs) {
  std::string names;
  for (const Input& input : inputs) {
    if (!names.empty()) names += ", ";
    names += input.name;
  }
  return names;
}

Status ReadInputs(const std::vector<Input>& inputs, const json::array& tensors, std::string_view binary,
                  std::vector<Rows>& rows) {
  std::vector<bool> seen(inputs.size(), false);
  for (const json::value& tensor : tensors) {
    if (!tensor.is_object()) return Bad("An input is no JSON object");
    std::string name(TextOf(tensor.get_object(), "name"));
    auto input = std::find_if(inputs.begin(), inputs.end(), [&](const Input& one) { return one.name == name; });
    if (input == inputs.end()) {
      return Bad("The model has no input \"" + name + "\"; it has " + NamesOf(inputs));
    }
    std::size_t index = static_cast<std::size_t>(input - inputs.begin());
    if (seen[index]) return Bad("Two inputs have the name " + name);
    seen[index] = true;
    ALOFT_TRY(ReadInput(*input, tensor.get_object(), binary, rows[index]));
  }
  if (!binary.empty()) return Bad("The body is too long: bytes follow that belong to no input");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!seen[i]) return Bad("The request has no input " + inputs[i].name);
  }
  return {};
}

}  // namespace

Result<TensorPath> ParseTensorPath(std::string_view path) {
  std::vector<std::string_view> parts = Split(path, '/');  // the first is empty
  TensorPath parsed;
  if (parts.size() < 4 || parts[1] != "v2" || parts[2] != "models") {
    return Fail(kNoSuchPath, std::string(path) + " is not served");
  }
  parsed.model = parts[3];
  parts.erase(parts.begin(), parts.begin() + 4);
  if (parts.size() >= 2 && parts[0] == "versions") {
    if (parts[1] != kVersion) {
      return Fail(kNoSuchPath, "Model " + parsed.model + " has no version " + std::string(parts[1]) + "; it has 1");
    }
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  if (parts.empty()) return parsed;
  if (parts.size() == 1 && parts[0] == "infer") {
    parsed.what = TensorPath::What::kInfer;
  } else if (parts.size() == 1 && parts[0] == "ready") {
    parsed.what = TensorPath::What::kReady;
  } else {
    return Fail(kNoSuchPath, std::string(path) + " is not served");
  }
  return parsed;
}

Result<TensorRequest> DecodeTensors(const std::vector<Input>& model, std::string_view body,
                                    std::string_view json_length) {
  std::size_t length = body.size();
  if (!json_length.empty()) {
    auto [end, error] = std::from_chars(json_length.data(), json_length.data() + json_length.size(), length);
    if (error != std::errc() || end != json_length.data() + json_length.size() || length > body.size()) {
      return Bad("Inference-Header-Content-Length is no length of a part of the body");
    }
  }
  Result<json::value> parsed = codec::ParseJson(body.substr(0, length));
  if (!parsed.ok()) return Bad("The request is not valid JSON: " + parsed.error().message);
  if (!parsed->is_object()) return Bad("The request is no JSON object");
  const json::object& object = parsed->get_object();
  const json::value* inputs = object.if_contains("inputs");
  if (inputs == nullptr || !inputs->is_array() || inputs->get_array().empty()) {
    return Bad("The request has no inputs; the model has " + NamesOf(model));
  }
  TensorRequest request;
  request.id = TextOf(object, "id");
  request.binary = Flag(object, "binary_data_output", false);
  request.rows.resize(model.size());
  ALOFT_TRY(ReadInputs(model, inputs->get_array(), body.substr(length), request.rows));
  const json::value* outputs = object.if_contains("outputs");
  if (outputs == nullptr || !outputs->is_array()) return request;
  for (const json::value& output : outputs->get_array()) {
    if (!output.is_object()) return Bad("An output is no JSON object");
    const json::object& wanted = output.get_object();
    if (Parameter(wanted, "classification") != nullptr) return Bad("The classification extension is not built");
    request.outputs.push_back({std::string(TextOf(wanted, "name")), Flag(wanted, "binary_data", request.binary)});
  }
  return request;
}

}  // namespace aloft::onnx_worker
