#include "api/inference_grpc/convert.h"

#include <boost/json.hpp>
#include <charconv>
#include <cstdint>

#include <open_inference.pb.h>
#include "foundation/codec/json.h"

namespace aloft::inference_grpc {
namespace {

namespace json = boost::json;
using inference::InferTensorContents;

constexpr std::size_t kMaxName = 63;

Error Bad(std::string message) {
  return Fail(kInvalidArgument, std::move(message));
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kMaxName) return false;
  for (char c : text) {
    bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!ok) return false;
  }
  return true;
}

template <class To, class Repeated>
std::string Pack(const Repeated& values) {
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(values.size()) * sizeof(To));
  for (const auto& value : values) {
    To converted = static_cast<To>(value);
    bytes.append(reinterpret_cast<const char*>(&converted), sizeof converted);
  }
  return bytes;
}

std::string PackTexts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string bytes;
  for (const std::string& text : texts) {
    std::uint32_t length = static_cast<std::uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes += text;
  }
  return bytes;
}

// The typed form of a tensor as the bytes that the binary form has.
Result<std::string> BytesOf(const std::string& datatype, const InferTensorContents& contents) {
  if (datatype == "BOOL") return Pack<std::uint8_t>(contents.bool_contents());
  if (datatype == "INT8") return Pack<std::int8_t>(contents.int_contents());
  if (datatype == "INT16") return Pack<std::int16_t>(contents.int_contents());
  if (datatype == "INT32") return Pack<std::int32_t>(contents.int_contents());
  if (datatype == "INT64") return Pack<std::int64_t>(contents.int64_contents());
  if (datatype == "UINT8") return Pack<std::uint8_t>(contents.uint_contents());
  if (datatype == "UINT16") return Pack<std::uint16_t>(contents.uint_contents());
  if (datatype == "UINT32") return Pack<std::uint32_t>(contents.uint_contents());
  if (datatype == "UINT64") return Pack<std::uint64_t>(contents.uint64_contents());
  if (datatype == "FP32") return Pack<float>(contents.fp32_contents());
  if (datatype == "FP64") return Pack<double>(contents.fp64_contents());
  if (datatype == "BYTES") return PackTexts(contents.bytes_contents());
  return Bad("Tensors of the datatype " + datatype + " are sent as raw_input_contents");
}

std::string_view TextOf(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

template <class Shape>
void ReadShape(const json::object& tensor, Shape* shape) {
  const json::value* given = tensor.if_contains("shape");
  if (given == nullptr || !given->is_array()) return;
  for (const json::value& size : given->get_array()) shape->Add(size.is_int64() ? size.get_int64() : -1);
}

Error Unreadable(std::string_view why) {
  return Fail(kInternal, "The model's answer cannot be read: " + std::string(why));
}

Result<json::value> ParseObject(std::string_view text) {
  Result<json::value> parsed = codec::ParseJson(text);
  if (!parsed.ok() || !parsed->is_object()) return Unreadable("it is no JSON object");
  return parsed;
}

}  // namespace

Result<std::string> ModelPath(std::string_view name, std::string_view version, std::string_view rest) {
  if (!IsName(name)) return Fail(kNoSuchModel, "There is no model named \"" + std::string(name.substr(0, 80)) + "\"");
  std::string path = "/v2/models/";
  path += name;
  if (!version.empty()) {
    if (!IsName(version)) return Fail(kNoSuchModel, "The model " + std::string(name) + " has no such version");
    path += "/versions/";
    path += version;
  }
  path += rest;
  return path;
}

Result<RestRequest> ToRest(const inference::ModelInferRequest& request) {
  const bool raw = request.raw_input_contents_size() > 0;
  if (raw && request.raw_input_contents_size() != request.inputs_size()) {
    return Bad("There are " + std::to_string(request.inputs_size()) + " inputs, and raw contents of " +
               std::to_string(request.raw_input_contents_size()));
  }
  RestRequest rest;
  std::string tensors;
  codec::JsonWriter writer(rest.body);
  writer.BeginObject();
  if (!request.id().empty()) writer.Key("id").String(request.id());
  writer.Key("parameters").BeginObject().Key("binary_data_output").Bool(true).EndObject().Key("inputs").BeginArray();
  for (int i = 0; i < request.inputs_size(); ++i) {
    const auto& input = request.inputs(i);
    if (raw && input.has_contents()) return Bad("Input " + input.name() + " has raw contents and typed ones");
    std::string packed;
    if (!raw) {
      ALOFT_ASSIGN(packed, BytesOf(input.datatype(), input.contents()));
    }
    const std::string& bytes = raw ? request.raw_input_contents(i) : packed;
    writer.BeginObject().Key("name").String(input.name()).Key("datatype").String(input.datatype()).Key("shape");
    writer.BeginArray();
    for (std::int64_t size : input.shape()) writer.Int(size);
    writer.EndArray().Key("parameters").BeginObject().Key("binary_data_size").Unsigned(bytes.size());
    writer.EndObject().EndObject();
    tensors += bytes;
  }
  writer.EndArray();
  if (request.outputs_size() > 0) {
    writer.Key("outputs").BeginArray();
    for (const auto& output : request.outputs()) {
      writer.BeginObject().Key("name").String(output.name()).Key("parameters").BeginObject();
      writer.Key("binary_data").Bool(true);
      // The worker refuses what it does not build, by name.
      if (auto classes = output.parameters().find("classification"); classes != output.parameters().end()) {
        writer.Key("classification").Int(classes->second.int64_param());
      }
      writer.EndObject().EndObject();
    }
    writer.EndArray();
  }
  writer.EndObject();
  rest.json_length = rest.body.size();
  rest.body += tensors;
  return rest;
}

Status FromRest(std::string_view body, std::string_view json_length, inference::ModelInferResponse& response) {
  std::size_t length = body.size();
  if (!json_length.empty()) {
    auto [end, error] = std::from_chars(json_length.data(), json_length.data() + json_length.size(), length);
    if (error != std::errc() || length > body.size()) return Unreadable("its length is none");
  }
  ALOFT_ASSIGN(json::value parsed, ParseObject(body.substr(0, length)));
  std::string_view bytes = body.substr(length);
  const json::object& object = parsed.get_object();
  response.set_model_name(std::string(TextOf(object, "model_name")));
  response.set_model_version(std::string(TextOf(object, "model_version")));
  response.set_id(std::string(TextOf(object, "id")));
  const json::value* outputs = object.if_contains("outputs");
  if (outputs == nullptr || !outputs->is_array()) return Unreadable("it has no outputs");
  for (const json::value& one : outputs->get_array()) {
    if (!one.is_object()) return Unreadable("an output is no object");
    const json::object& tensor = one.get_object();
    auto* output = response.add_outputs();
    output->set_name(std::string(TextOf(tensor, "name")));
    output->set_datatype(std::string(TextOf(tensor, "datatype")));
    ReadShape(tensor, output->mutable_shape());
    const json::value* parameters = tensor.if_contains("parameters");
    const json::value* size = parameters != nullptr && parameters->is_object()
                                  ? parameters->get_object().if_contains("binary_data_size")
                                  : nullptr;
    if (size == nullptr || !size->is_int64() || size->get_int64() < 0 ||
        static_cast<std::uint64_t>(size->get_int64()) > bytes.size()) {
      return Unreadable("an output's bytes are missing");
    }
    response.add_raw_output_contents(bytes.data(), static_cast<std::size_t>(size->get_int64()));
    bytes.remove_prefix(static_cast<std::size_t>(size->get_int64()));
  }
  return {};
}

Status FromRest(std::string_view body, inference::ModelMetadataResponse& response) {
  ALOFT_ASSIGN(json::value parsed, ParseObject(body));
  const json::object& object = parsed.get_object();
  response.set_name(std::string(TextOf(object, "name")));
  response.set_platform(std::string(TextOf(object, "platform")));
  if (const json::value* versions = object.if_contains("versions"); versions != nullptr && versions->is_array()) {
    for (const json::value& version : versions->get_array()) {
      if (version.is_string()) response.add_versions(std::string(version.get_string()));
    }
  }
  for (const char* kind : {"inputs", "outputs"}) {
    const json::value* tensors = object.if_contains(kind);
    if (tensors == nullptr || !tensors->is_array()) continue;
    for (const json::value& tensor : tensors->get_array()) {
      if (!tensor.is_object()) continue;
      auto* made = kind[0] == 'i' ? response.add_inputs() : response.add_outputs();
      made->set_name(std::string(TextOf(tensor.get_object(), "name")));
      made->set_datatype(std::string(TextOf(tensor.get_object(), "datatype")));
      ReadShape(tensor.get_object(), made->mutable_shape());
    }
  }
  return {};
}

std::string ErrorText(std::string_view body) {
  Result<json::value> parsed = codec::ParseJson(body);
  if (!parsed.ok() || !parsed->is_object()) return std::string(body.substr(0, 512));
  std::string_view text = TextOf(parsed->get_object(), "error");
  return std::string(text.empty() ? body.substr(0, 512) : text.substr(0, 2048));
}

}  // namespace aloft::inference_grpc
