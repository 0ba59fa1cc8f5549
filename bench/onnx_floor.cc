// The floor of serving: a bare epoll loop around ONNX Runtime, with no check of anything.
//
//   onnx-floor LIBONNXRUNTIME MODEL.onnx json INPUT LABEL PROBABILITIES
//     reads numbers out of {"instances": [[...], ...]} and writes the first output, an int64 label per row
//   onnx-floor LIBONNXRUNTIME MODEL.onnx raw INPUT float|int64 DIMENSIONS OUTPUT:BYTES
//     takes the body as the tensor of one row, of so many dimensions ("3x224x224"), and answers BYTES of the output
#include <dlfcn.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include "epoll_loop.h"
#include "services/serving/onnx_worker/ort_abi.h"

namespace {

namespace ort = aloft::onnx_worker::ort;

// "3x224x224", with one row before it.
std::vector<std::int64_t> ShapeOf(std::string_view text) {
  std::vector<std::int64_t> shape{1};
  for (const char* at = text.data(); at < text.data() + text.size(); ++at) {
    std::int64_t dimension = 0;
    at = std::from_chars(at, text.data() + text.size(), dimension).ptr;
    shape.push_back(dimension);
  }
  return shape;
}

struct Model {
  ort::Api api;
  ort::Session* session = nullptr;
  ort::MemoryInfo* memory = nullptr;
  const char* input = nullptr;
  const char* outputs[2] = {};
  std::vector<float> values = {};
  std::vector<std::int64_t> raw_shape = {};
  ort::ElementType type = ort::ElementType::kFloat;
  std::size_t answer_bytes = 0;

  void PredictRaw(std::string_view body, std::string& out) {
    values.resize((body.size() + sizeof(float) - 1) / sizeof(float));  // aligned
    std::memcpy(values.data(), body.data(), body.size());
    ort::Value* value = nullptr;
    api.CreateTensorWithData(static_cast<const ort::MemoryInfo*>(memory), static_cast<void*>(values.data()),
                             body.size(), raw_shape.data() + 0, raw_shape.size(), type, &value);
    const ort::Value* values_in[] = {value};
    const char* names[] = {input};
    ort::Value* result = nullptr;
    api.Run(session, static_cast<const ort::RunOptions*>(nullptr), names + 0, values_in + 0, std::size_t{1},
            outputs + 0, std::size_t{1}, &result);
    void* numbers = nullptr;
    api.GetTensorMutableData(result, &numbers);
    out.assign(static_cast<const char*>(numbers), answer_bytes);
    api.ReleaseValue(result);
    api.ReleaseValue(value);
  }

  void Predict(std::string_view body, std::string& out) {
    values.clear();
    std::int64_t rows = 0;
    const char* at = body.data();
    const char* end = at + body.size();
    for (bool number = false; at < end;) {
      float value = 0;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error == std::errc()) {
        values.push_back(value);
        number = true;
        at = next;
        continue;
      }
      if (*at == ']' && number) {
        ++rows;
        number = false;
      }
      ++at;
    }
    const std::int64_t shape[] = {rows, static_cast<std::int64_t>(values.size()) / std::max<std::int64_t>(rows, 1)};
    ort::Value* value = nullptr;
    api.CreateTensorWithData(static_cast<const ort::MemoryInfo*>(memory), static_cast<void*>(values.data()),
                             values.size() * sizeof(float), shape + 0, std::size_t{2}, ort::ElementType::kFloat,
                             &value);
    const ort::Value* values_in[] = {value};
    const char* names[] = {input};
    ort::Value* results[2] = {};
    api.Run(session, static_cast<const ort::RunOptions*>(nullptr), names + 0, values_in + 0, std::size_t{1},
            outputs + 0, std::size_t{2}, results + 0);
    void* labels = nullptr;
    api.GetTensorMutableData(results[0], &labels);
    out = "{\"predictions\": [";
    for (std::int64_t i = 0; i < rows; ++i)
      out += (i > 0 ? ", " : "") + std::to_string(static_cast<std::int64_t*>(labels)[i]);
    out += "]}";
    for (ort::Value* result : results) api.ReleaseValue(result);
    api.ReleaseValue(value);
  }
};

}  // namespace

int main(int argc, char** argv) {
  const bool raw = argc == 8 && std::string_view(argv[3]) == "raw";
  if (!raw && !(argc == 7 && std::string_view(argv[3]) == "json")) return 2;
  void* handle = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return 1;
  const auto base = reinterpret_cast<const ort::ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  Model model{ort::Api(base()->get_api(ort::kApiVersion))};
  model.input = argv[4];
  if (raw) {
    if (std::string_view(argv[5]) == "int64") model.type = ort::ElementType::kInt64;
    model.raw_shape = ShapeOf(argv[6]);
    const std::string_view answer = argv[7];
    const std::size_t colon = answer.rfind(':');
    std::from_chars(answer.data() + colon + 1, answer.data() + answer.size(), model.answer_bytes);
    argv[7][colon] = '\0';
    model.outputs[0] = argv[7];
  } else {
    model.outputs[0] = argv[5];
    model.outputs[1] = argv[6];
  }
  ort::Env* env = nullptr;
  ort::SessionOptions* options = nullptr;
  model.api.CreateEnv(ort::kLogWarning, "floor", &env);
  model.api.CreateSessionOptions(&options);
  model.api.SetIntraOpNumThreads(options, 1);
  model.api.SetGraphOptimizationLevel(options, ort::kOptimizeAll);
  if (model.api.CreateSession(env, argv[2], options, &model.session) != nullptr) return 1;
  model.api.CreateCpuMemoryInfo(ort::kArenaAllocator, ort::kDefaultMemory, &model.memory);
  return aloft::bench::RunEpollLoop(nullptr, [&](std::string_view, std::string_view body, std::string& out) {
    raw ? model.PredictRaw(body, out) : model.Predict(body, out);
    return false;
  });
}
