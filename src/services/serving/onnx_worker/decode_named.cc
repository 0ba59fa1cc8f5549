// Rows of several inputs by their names. Such bodies are small beside the models that take them: a tree is built.
#include <algorithm>
#include <boost/json.hpp>

#include "foundation/base/bytes.h"
#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/decode.h"

namespace aloft::onnx_worker {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 32;

Error Bad(std::string message) {
  return Fail(kBadBody, std::move(message));
}

Status Take(const Input& input, const json::value& value, std::size_t depth, Rows& rows) {
  if (!value.is_array()) {
    if (depth != rows.shape.size()) return Bad("Input " + input.name + ": lists have different depths or lengths");
    if (input.datatype == "BYTES") {
      if (!value.is_string()) return Bad("Input " + input.name + " takes texts");
      rows.texts.emplace_back(value.get_string());
      return {};
    }
    bool floats = input.datatype.starts_with("FP");
    if (value.is_bool()) {
      floats ? rows.values.push_back(value.get_bool()) : rows.integers.push_back(value.get_bool());
    } else if (floats && value.is_number()) {
      rows.values.push_back(value.to_number<double>());
    } else if (value.is_int64()) {
      rows.integers.push_back(value.get_int64());
    } else {
      return Bad("Input " + input.name + " takes " + (floats ? "numbers" : "integers"));
    }
    return {};
  }
  if (depth >= kMaxDepth) return Bad("Input " + input.name + " is nested too deeply");
  const json::array& list = value.get_array();
  if (rows.shape.size() == depth) {
    if (rows.size() > 0) return Bad("Input " + input.name + ": lists have different depths or lengths");
    rows.shape.push_back(static_cast<std::int64_t>(list.size()));
  }
  if (rows.shape[depth] != static_cast<std::int64_t>(list.size())) {
    return Bad("Input " + input.name + ": lists have different depths or lengths");
  }
  for (const json::value& element : list) ALOFT_TRY(Take(input, element, depth + 1, rows));
  return {};
}

// A member for every input and no other.
Status CheckNames(const std::vector<Input>& inputs, const json::object& object) {
  std::string names;
  for (const Input& input : inputs) {
    if (!names.empty()) names += ", ";
    names += input.name;
  }
  for (const Input& input : inputs) {
    if (!object.contains(input.name)) return Bad("The request has no input " + input.name + "; the model has " + names);
  }
  if (object.size() == inputs.size()) return {};
  return Bad("The request has inputs that the model does not have; it has " + names);
}

}  // namespace

Status DecodeNamed(const std::vector<Input>& inputs, std::string_view content_type, std::string_view body,
                   std::vector<Rows>& rows) {
  std::string type = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (!type.empty() && type != "application/json") {
    return Fail(kUnsupportedType, "Content-Type " + type +
                                      " has no names, and the model has inputs that are told apart " +
                                      "by theirs, or texts; supported is application/json");
  }
  rows.assign(inputs.size(), {});
  Result<json::value> parsed = codec::ParseJson(body);
  if (!parsed.ok()) return Bad("The body is not valid application/json: " + parsed.error().message);
  const json::object* object = parsed->if_object();
  const json::value* columns = object != nullptr ? object->if_contains("inputs") : nullptr;
  const json::value* instances = object != nullptr ? object->if_contains("instances") : nullptr;
  if (columns != nullptr && columns->is_object()) {
    ALOFT_TRY(CheckNames(inputs, columns->get_object()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ALOFT_TRY(Take(inputs[i], columns->get_object().at(inputs[i].name), 0, rows[i]));
    }
    return {};
  }
  if (instances == nullptr || !instances->is_array() || instances->get_array().empty()) {
    return Bad("The body needs inputs, an object of columns by name, or instances, a list of objects by name");
  }
  for (Rows& one : rows) one.shape = {static_cast<std::int64_t>(instances->get_array().size())};
  for (const json::value& instance : instances->get_array()) {
    if (!instance.is_object()) return Bad("An instance is no object by name");
    ALOFT_TRY(CheckNames(inputs, instance.get_object()));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ALOFT_TRY(Take(inputs[i], instance.get_object().at(inputs[i].name), 1, rows[i]));
    }
  }
  return {};
}

}  // namespace aloft::onnx_worker
