// Percent decoding undoes encoding, and no query text breaks the parser.
#include <cstdint>

#include "foundation/base/check.h"
#include "foundation/codec/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ALOFT_CHECK(aloft::codec::PercentDecode(aloft::codec::PercentEncode(text)) == text);
  static_cast<void>(aloft::codec::PercentDecode(text));
  static_cast<void>(aloft::codec::ParseQuery(text));
  return 0;
}
