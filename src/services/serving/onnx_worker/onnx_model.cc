#include "services/serving/onnx_worker/onnx_model.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "services/serving/onnx_worker/onnx_input.h"
#include "services/serving/onnx_worker/ort_abi.h"

namespace aloft::onnx_worker {
namespace {

using ort::Api;
using ort::ElementType;

// An object of the library with its release function.
template <class T>
using Owned = std::unique_ptr<T, std::function<void(T*)>>;

class Model final : public OnnxModel {
 public:
  Model(Api api, std::string version) : api_(api), version_(std::move(version)) {}
  ~Model() override {
    if (session_) api_.ReleaseSession(session_);
    if (memory_) api_.ReleaseMemoryInfo(memory_);
    if (env_) api_.ReleaseEnv(env_);
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::vector<Input>& inputs() const override { return inputs_; }
  std::string runtime_version() const override { return version_; }

  Status Open(const std::string& path) {
    ALOFT_TRY(Check(api_.CreateEnv(ort::kLogWarning, "aloft", &env_)));
    ort::SessionOptions* raw = nullptr;
    ALOFT_TRY(Check(api_.CreateSessionOptions(&raw)));
    Owned<ort::SessionOptions> options(raw, [this](auto* o) { api_.ReleaseSessionOptions(o); });
    // One thread per run: parallelism comes from requests, and a pool per model would spin.
    ALOFT_TRY(Check(api_.SetIntraOpNumThreads(options.get(), 1)));
    ALOFT_TRY(Check(api_.SetInterOpNumThreads(options.get(), 1)));
    ALOFT_TRY(Check(api_.SetGraphOptimizationLevel(options.get(), ort::kOptimizeAll)));
    ALOFT_TRY(Check(api_.CreateSession(env_, path.c_str(), options.get(), &session_)));
    ALOFT_TRY(Check(api_.CreateCpuMemoryInfo(ort::kArenaAllocator, ort::kDefaultMemory, &memory_)));
    ALOFT_TRY(Check(api_.GetAllocatorWithDefaultOptions(&allocator_)));
    return Describe();
  }

  Result<std::vector<Output>> Run(std::span<const Rows> rows) const override {
    if (rows.size() != inputs_.size())
      return Fail(kBadShape, "The model has " + std::to_string(inputs_.size()) + " inputs");
    std::vector<Owned<ort::Value>> given;
    std::vector<const ort::Value*> raw_inputs;
    thread_local std::vector<std::string> buffers;
    if (buffers.size() < rows.size()) buffers.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!Fits(inputs_[i].shape, rows[i].shape)) {
        std::string which = inputs_.size() == 1 ? "rows" : inputs_[i].name;
        return Fail(kBadShape, "The model expects " + which + " of shape " + ShapeText(inputs_[i].shape) +
                                   ", the request has " + ShapeText(rows[i].shape));
      }
      ort::Value* raw = nullptr;
      ALOFT_TRY(MakeInput(types_[i], rows[i], buffers[i], &raw));
      given.emplace_back(raw, [this](auto* v) { api_.ReleaseValue(v); });
      raw_inputs.push_back(raw);
    }
    std::vector<ort::Value*> values(output_names_.size(), nullptr);
    ort::Status* status =
        api_.Run(session_, static_cast<const ort::RunOptions*>(nullptr), input_pointers_.data(), raw_inputs.data(),
                 raw_inputs.size(), output_pointers_.data(), output_pointers_.size(), values.data());
    std::vector<Owned<ort::Value>> owned;
    for (ort::Value* value : values) owned.emplace_back(value, [this](auto* v) { api_.ReleaseValue(v); });
    ALOFT_TRY(Check(status));

    std::vector<Output> outputs(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      outputs[i].name = output_names_[i];
      ALOFT_TRY(ReadOutput(values[i], outputs[i]));
    }
    return outputs;
  }

 private:
  Status Check(ort::Status* status, Reason reason = kModelFailed) const {
    if (status == nullptr) return {};
    std::string message = api_.GetErrorMessage(status);
    api_.ReleaseStatus(status);
    return Fail(reason, "ONNX Runtime: " + message);
  }

  Result<std::string> TakeName(ort::Status* status, char* name) const {
    ALOFT_TRY(Check(status));
    std::string result = name;
    ALOFT_TRY(Check(api_.AllocatorFree(allocator_, name)));
    return result;
  }

  Status Describe() {
    std::size_t inputs = 0, outputs = 0;
    ALOFT_TRY(Check(api_.SessionGetInputCount(session_, &inputs)));
    ALOFT_TRY(Check(api_.SessionGetOutputCount(session_, &outputs)));
    if (inputs == 0) return Fail(kBadModel, "The model has no inputs");
    for (std::size_t i = 0; i < inputs; ++i) ALOFT_TRY(DescribeInput(i));
    for (const Input& input : inputs_) input_pointers_.push_back(input.name.c_str());
    for (std::size_t i = 0; i < outputs; ++i) {
      char* name = nullptr;
      ort::Status* status = api_.SessionGetOutputName(session_, i, allocator_, &name);
      ALOFT_ASSIGN(std::string output, TakeName(status, name));
      output_names_.push_back(std::move(output));
    }
    for (const std::string& output : output_names_) output_pointers_.push_back(output.c_str());
    return {};
  }

  Status DescribeInput(std::size_t index) {
    Input input;
    char* name = nullptr;
    ort::Status* status = api_.SessionGetInputName(session_, index, allocator_, &name);
    ALOFT_ASSIGN(input.name, TakeName(status, name));
    ort::TypeInfo* raw = nullptr;
    ALOFT_TRY(Check(api_.SessionGetInputTypeInfo(session_, index, &raw)));
    Owned<ort::TypeInfo> type(raw, [this](auto* t) { api_.ReleaseTypeInfo(t); });
    const ort::TensorInfo* tensor = nullptr;  // part of `type`
    ALOFT_TRY(Check(api_.CastTypeInfoToTensorInfo(static_cast<const ort::TypeInfo*>(raw), &tensor)));
    if (tensor == nullptr) return Fail(kBadModel, "The model's input " + input.name + " is no tensor");
    ElementType element{};
    ALOFT_TRY(Check(api_.GetTensorElementType(tensor, &element)));
    input.datatype = DatatypeOf(element);
    if (input.datatype.empty()) {
      return Fail(kBadModel, "The model's input " + input.name +
                                 " holds neither floats, doubles, integers up to 64 bits, booleans nor texts");
    }
    ALOFT_TRY(ReadShape(tensor, input.shape));
    types_.push_back(element);
    inputs_.push_back(std::move(input));
    return {};
  }

  Status ReadShape(const ort::TensorInfo* info, Shape& shape) const {
    std::size_t dimensions = 0;
    ALOFT_TRY(Check(api_.GetDimensionsCount(info, &dimensions)));
    shape.assign(dimensions, 0);
    return Check(api_.GetDimensions(info, shape.data(), dimensions));
  }

  Status MakeTexts(const Rows& rows, ort::Value** input) const {
    ALOFT_TRY(Check(api_.CreateTensor(allocator_, rows.shape.data(), rows.shape.size(), ElementType::kString, input)));
    std::vector<const char*> texts;
    for (const std::string& text : rows.texts) {
      if (text.find('\0') != std::string::npos) return Fail(kBadBody, "A text of the request holds a zero byte");
      texts.push_back(text.c_str());
    }
    return Check(api_.FillStringTensor(*input, texts.data(), texts.size()));
  }

  Status MakeInput(ElementType type, const Rows& rows, std::string& buffer, ort::Value** input) const {
    if ((type == ElementType::kString) != (!rows.texts.empty()) && rows.size() > 0) {
      return Fail(kBadBody, type == ElementType::kString ? "The model takes texts; the request has numbers"
                                                         : "The model takes numbers; the request has texts");
    }
    if (type == ElementType::kString) return MakeTexts(rows, input);
    ALOFT_TRY(ToElements(type, rows, buffer));
    return Check(api_.CreateTensorWithData(static_cast<const ort::MemoryInfo*>(memory_),
                                           static_cast<void*>(buffer.data()), buffer.size(), rows.shape.data(),
                                           rows.shape.size(), type, input));
  }

  Status ReadOutput(ort::Value* value, Output& output) const {
    ort::OnnxType type = ort::OnnxType::kUnknown;
    ALOFT_TRY(Check(api_.GetValueType(static_cast<const ort::Value*>(value), &type)));
    if (type == ort::OnnxType::kTensor) return ReadTensor(value, output);
    if (type == ort::OnnxType::kSequence) return ReadMaps(value, output);
    return Fail(kModelFailed, "The model's output " + std::string(output.name) + " is neither a tensor nor a sequence");
  }

  template <class From, class To>
  static void Copy(const void* data, std::size_t count, Output& output) {
    const From* begin = static_cast<const From*>(data);
    output.values = std::vector<To>(begin, begin + count);
  }

  Status ReadTensor(ort::Value* value, Output& output) const {
    ort::TensorInfo* raw = nullptr;
    ALOFT_TRY(Check(api_.GetTensorTypeAndShape(static_cast<const ort::Value*>(value), &raw)));
    Owned<ort::TensorInfo> info(raw, [this](auto* t) { api_.ReleaseTensorInfo(t); });
    ElementType type{};
    std::size_t count = 0;
    ALOFT_TRY(Check(api_.GetTensorElementType(static_cast<const ort::TensorInfo*>(raw), &type)));
    ALOFT_TRY(Check(api_.GetTensorShapeElementCount(static_cast<const ort::TensorInfo*>(raw), &count)));
    ALOFT_TRY(ReadShape(raw, output.shape));
    if (type == ElementType::kString) return ReadTexts(value, count, output);
    void* data = nullptr;
    ALOFT_TRY(Check(api_.GetTensorMutableData(value, &data)));
    switch (type) {
      case ElementType::kFloat: Copy<float, float>(data, count, output); return {};
      case ElementType::kDouble: Copy<double, double>(data, count, output); return {};
      case ElementType::kInt64: Copy<std::int64_t, std::int64_t>(data, count, output); return {};
      case ElementType::kInt32: Copy<std::int32_t, std::int64_t>(data, count, output); return {};
      case ElementType::kUint8: Copy<std::uint8_t, std::int64_t>(data, count, output); return {};
      case ElementType::kInt8: Copy<std::int8_t, std::int64_t>(data, count, output); return {};
      case ElementType::kUint16: Copy<std::uint16_t, std::int64_t>(data, count, output); return {};
      case ElementType::kInt16: Copy<std::int16_t, std::int64_t>(data, count, output); return {};
      case ElementType::kBool: Copy<std::uint8_t, std::int64_t>(data, count, output); return {};
      default: return Fail(kModelFailed, "The model's output " + std::string(output.name) + " has an unsupported type");
    }
  }

  Status ReadTexts(ort::Value* value, std::size_t count, Output& output) const {
    std::size_t bytes = 0;
    ALOFT_TRY(Check(api_.GetStringTensorDataLength(static_cast<const ort::Value*>(value), &bytes)));
    std::string text(bytes, '\0');
    std::vector<std::size_t> offsets(count);
    ALOFT_TRY(Check(api_.GetStringTensorContent(static_cast<const ort::Value*>(value), static_cast<void*>(text.data()),
                                                bytes, offsets.data(), count)));
    std::vector<std::string> texts(count);
    for (std::size_t i = 0; i < count; ++i) {
      texts[i] = text.substr(offsets[i], (i + 1 < count ? offsets[i + 1] : bytes) - offsets[i]);
    }
    output.values = std::move(texts);
    return {};
  }

  // A sequence of maps, class -> probability: one map per row, as converters of scikit-learn make by default.
  Status ReadMaps(ort::Value* sequence, Output& output) const {
    std::size_t rows = 0;
    ALOFT_TRY(Check(api_.GetValueCount(static_cast<const ort::Value*>(sequence), &rows)));
    std::vector<float> values;
    std::size_t columns = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      ALOFT_ASSIGN(Output probabilities, ReadElement(sequence, row, 1));
      auto* floats = std::get_if<std::vector<float>>(&probabilities.values);
      if (floats == nullptr || (row > 0 && floats->size() != columns)) {
        return Fail(kModelFailed, "The model's output " + std::string(output.name) + " is no sequence of equal maps");
      }
      columns = floats->size();
      values.insert(values.end(), floats->begin(), floats->end());
      if (row > 0) continue;
      ALOFT_ASSIGN(Output keys, ReadElement(sequence, row, 0));
      if (auto* numbers = std::get_if<std::vector<std::int64_t>>(&keys.values)) output.classes = std::move(*numbers);
      if (auto* texts = std::get_if<std::vector<std::string>>(&keys.values)) output.classes = std::move(*texts);
    }
    output.shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
    output.values = std::move(values);
    return {};
  }

  // Of the map at `row`: its keys (0) or its values (1).
  Result<Output> ReadElement(ort::Value* sequence, std::size_t row, int which) const {
    ort::Value* raw_map = nullptr;
    ALOFT_TRY(
        Check(api_.GetValue(static_cast<const ort::Value*>(sequence), static_cast<int>(row), allocator_, &raw_map)));
    Owned<ort::Value> map(raw_map, [this](auto* v) { api_.ReleaseValue(v); });
    ort::Value* raw = nullptr;
    ALOFT_TRY(Check(api_.GetValue(static_cast<const ort::Value*>(raw_map), which, allocator_, &raw)));
    Owned<ort::Value> tensor(raw, [this](auto* v) { api_.ReleaseValue(v); });
    Output output;
    ALOFT_TRY(ReadTensor(raw, output));
    return output;
  }

  const Api api_;
  const std::string version_;
  ort::Env* env_ = nullptr;
  ort::Session* session_ = nullptr;
  ort::MemoryInfo* memory_ = nullptr;
  ort::Allocator* allocator_ = nullptr;  // the library's own
  std::vector<Input> inputs_;
  std::vector<ElementType> types_;  // of the inputs
  std::vector<const char*> input_pointers_;
  std::vector<std::string> output_names_;
  std::vector<const char*> output_pointers_;
};

}  // namespace

Result<std::unique_ptr<OnnxModel>> OnnxModel::Load(const std::string& library, const std::string& path) {
  // Never closed: threads of the library may still run when the process ends.
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Fail(kModelFailed, std::string("ONNX Runtime cannot be loaded: ") + ::dlerror());
  auto get_base = reinterpret_cast<const ort::ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  if (get_base == nullptr) return Fail(kModelFailed, library + " is no ONNX Runtime");
  const ort::ApiBase* base = get_base();
  void* const* table = base->get_api(ort::kApiVersion);
  if (table == nullptr) return Fail(kModelFailed, library + " does not offer version 1 of its interface");
  auto model = std::make_unique<Model>(Api(table), base->get_version());
  ALOFT_TRY(model->Open(path));
  return std::unique_ptr<OnnxModel>(std::move(model));
}

std::string FindLibrary() {
  if (const char* path = std::getenv("ALOFT_ONNXRUNTIME"); path != nullptr && *path != '\0') return path;
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "lib" / "libonnxruntime.so.1").string();
}

}  // namespace aloft::onnx_worker
