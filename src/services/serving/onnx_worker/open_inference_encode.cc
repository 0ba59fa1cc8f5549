// What the Open Inference Protocol answers.
#include <boost/json.hpp>

#include "foundation/codec/json.h"
#include "services/serving/onnx_worker/open_inference.h"

namespace aloft::onnx_worker {
namespace {

std::string_view DatatypeOf(const Output& output) {
  constexpr std::string_view kTypes[] = {"FP32", "FP64", "INT64", "BYTES"};  // in the variant's order
  return kTypes[output.values.index()];
}

void AppendBytes(const Output& output, std::string& out) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&output.values)) {
    for (const std::string& text : *texts) {
      std::uint32_t length = static_cast<std::uint32_t>(text.size());
      out.append(reinterpret_cast<const char*>(&length), sizeof length);
      out += text;
    }
    return;
  }
  std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (!std::is_same_v<T, std::string>) {
          out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
        }
      },
      output.values);
}

void WriteData(const Output& output, codec::JsonWriter& writer) {
  writer.Key("data").BeginArray();
  std::visit(
      [&](const auto& values) {
        for (const auto& value : values) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::string>) writer.String(value);
          if constexpr (std::is_same_v<T, std::int64_t>) writer.Int(value);
          if constexpr (std::is_floating_point_v<T>) writer.Double(value);
        }
      },
      output.values);
  writer.EndArray();
}

void WriteShape(const Shape& shape, codec::JsonWriter& writer) {
  writer.Key("shape").BeginArray();
  for (std::int64_t size : shape) writer.Int(size);
  writer.EndArray();
}

}  // namespace

Result<TensorAnswer> EncodeTensors(const std::string& model, const TensorRequest& request,
                                   const std::vector<Output>& outputs) {
  std::vector<WantedOutput> wanted = request.outputs;
  if (wanted.empty()) {
    for (const Output& output : outputs) wanted.push_back({std::string(output.name), request.binary});
  }
  TensorAnswer answer;
  std::string binary;
  bool any_binary = false;
  codec::JsonWriter writer(answer.body);
  writer.BeginObject().Key("model_name").String(model).Key("model_version").String(kVersion);
  if (!request.id.empty()) writer.Key("id").String(request.id);
  writer.Key("outputs").BeginArray();
  for (const WantedOutput& one : wanted) {
    auto output = std::find_if(outputs.begin(), outputs.end(), [&](const Output& o) { return o.name == one.name; });
    if (output == outputs.end()) return Fail(kBadBody, "The model has no output \"" + one.name + "\"");
    writer.BeginObject().Key("name").String(one.name).Key("datatype").String(DatatypeOf(*output));
    WriteShape(output->shape, writer);
    if (one.binary) {
      std::size_t before = binary.size();
      AppendBytes(*output, binary);
      any_binary = true;
      writer.Key("parameters").BeginObject().Key("binary_data_size");
      writer.Unsigned(binary.size() - before).EndObject();
    } else {
      WriteData(*output, writer);
    }
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  if (any_binary) {
    answer.json_length = answer.body.size();
    answer.body += binary;
  }
  return answer;
}

std::string DescribeModel(const std::string& model, const std::vector<Input>& inputs,
                          const std::vector<Output>& outputs) {
  std::string body;
  codec::JsonWriter writer(body);
  writer.BeginObject().Key("name").String(model).Key("versions").BeginArray().String(kVersion).EndArray();
  writer.Key("platform").String("onnxruntime_onnx").Key("inputs").BeginArray();
  for (const Input& input : inputs) {
    writer.BeginObject().Key("name").String(input.name).Key("datatype").String(input.datatype);
    WriteShape(input.shape, writer);
    writer.EndObject();
  }
  writer.EndArray().Key("outputs").BeginArray();
  bool any_rows = !inputs[0].shape.empty() && inputs[0].shape[0] < 0;
  for (const Output& output : outputs) {
    Shape shape = output.shape;
    if (any_rows && !shape.empty()) shape[0] = -1;
    writer.BeginObject().Key("name").String(output.name).Key("datatype").String(DatatypeOf(output));
    WriteShape(shape, writer);
    writer.EndObject();
  }
  writer.EndArray().EndObject();
  return body;
}

}  // namespace aloft::onnx_worker
