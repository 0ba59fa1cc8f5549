// Any text: what parses must be written as JSON that parses to the same value.
#include <boost/json/value.hpp>
#include <cstdint>

#include "foundation/codec/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto value = aloft::codec::ParseJson({reinterpret_cast<const char*>(data), size}, {16, 1 << 20});
  if (!value.ok()) return 0;
  auto again = aloft::codec::ParseJson(aloft::codec::WriteJson(*value));
  ALOFT_CHECK(again.ok() && *again == *value);
  return 0;
}
