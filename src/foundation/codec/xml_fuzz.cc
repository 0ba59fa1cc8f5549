// Any text is read or refused; text that was read survives being written and read again.
#include <cstdint>

#include "foundation/codec/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto root = aloft::codec::ParseXml({reinterpret_cast<const char*>(data), size}, {16, 1 << 20, 10'000});
  if (!root.ok()) return 0;
  std::string out;
  aloft::codec::XmlWriter(out).Element("T", root->text);
  auto again = aloft::codec::ParseXml(out);
  ALOFT_CHECK(again.ok() && again->text == root->text);
  return 0;
}
