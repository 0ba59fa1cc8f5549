// Any bytes: what parses is written in a form that parses and is written alike.
#include <cstdint>

#include "foundation/codec/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = aloft::codec::ParseCbor({reinterpret_cast<const char*>(data), size}, {16, 1 << 20});
  if (!value.ok()) return 0;
  std::string first;
  aloft::codec::WriteCbor(*value, first);
  auto again = aloft::codec::ParseCbor(first);
  ALOFT_CHECK(again.ok());
  std::string second;
  aloft::codec::WriteCbor(*again, second);
  ALOFT_CHECK(first == second);
  return 0;
}
