// The floor of serving: a bare epoll loop around ONNX Runtime. It reads numbers out of {"instances": [[...], ...]} and
// writes the first output, an int64 label per row, with no check of anything.
//
//   onnx-floor LIBONNXRUNTIME MODEL.onnx INPUT LABEL PROBABILITIES
#include <dlfcn.h>

#include <charconv>
#include <cstdio>
#include <vector>

#include "epoll_loop.h"
#include "services/serving/onnx_worker/ort_abi.h"

namespace {

namespace ort = aloft::onnx_worker::ort;

struct Model {
  ort::Api api;
  ort::Session* session = nullptr;
  ort::MemoryInfo* memory = nullptr;
  const char* input;
  const char* outputs[2];
  std::vector<float> values;

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
  if (argc != 6) return 2;
  void* handle = ::dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return 1;
  const auto base = reinterpret_cast<const ort::ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
  Model model{ort::Api(base()->get_api(ort::kApiVersion)), nullptr, nullptr, argv[3], {argv[4], argv[5]}, {}};
  ort::Env* env = nullptr;
  ort::SessionOptions* options = nullptr;
  model.api.CreateEnv(ort::kLogWarning, "floor", &env);
  model.api.CreateSessionOptions(&options);
  model.api.SetIntraOpNumThreads(options, 1);
  model.api.SetGraphOptimizationLevel(options, ort::kOptimizeAll);
  if (model.api.CreateSession(env, argv[2], options, &model.session) != nullptr) return 1;
  model.api.CreateCpuMemoryInfo(ort::kArenaAllocator, ort::kDefaultMemory, &model.memory);
  return aloft::bench::RunEpollLoop(nullptr, [&](std::string_view, std::string_view body, std::string& out) {
    model.Predict(body, out);
    return false;
  });
}
