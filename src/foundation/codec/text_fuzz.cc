// The small readers of headers and members: what they accept is what they write, and nothing is out of bounds.
#include <cstdint>
#include <string>
#include <string_view>

#include "foundation/base/check.h"
#include "foundation/codec/base64.h"
#include "foundation/codec/time.h"
#include "foundation/codec/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace aloft::codec;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto bytes = Base64Decode(text)) ALOFT_CHECK(Base64Encode(*bytes) == text);
  if (auto bytes = Base64UrlDecode(text)) ALOFT_CHECK(Base64UrlEncode(*bytes) == text);
  ALOFT_CHECK(Base64Decode(Base64Encode(text)) == text);
  if (auto time = ParseBasic(text)) ALOFT_CHECK(ParseBasic(FormatBasic(*time)) == time);
  if (auto time = ParseHttpDate(text)) ALOFT_CHECK(ParseHttpDate(FormatHttpDate(*time)) == time);
  if (auto time = ParseIso8601(text)) ALOFT_CHECK(ParseIso8601(FormatIso8601(*time)).has_value());
  return 0;
}
