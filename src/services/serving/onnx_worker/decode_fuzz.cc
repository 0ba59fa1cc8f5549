// Bodies come from the network as they are.
#include <cstdint>
#include <string_view>

#include "services/serving/onnx_worker/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aloft::onnx_worker;
  std::string_view body(reinterpret_cast<const char*>(data), size);
  for (auto decode : {DecodeJson, DecodeCsv, DecodeNpy}) {
    Rows rows;
    if (!decode(body, rows).ok()) continue;
    std::size_t count = 1;
    for (std::int64_t dimension : rows.shape) count *= static_cast<std::size_t>(dimension);
    if (count != rows.values.size()) __builtin_trap();
  }
  return 0;
}
