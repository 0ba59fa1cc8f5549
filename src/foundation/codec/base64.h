// RFC 4648 base 64: the common alphabet with padding, and the alphabet of URLs without.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"

namespace aloft::codec {

std::string Base64Encode(ByteView bytes);
inline std::string Base64Encode(std::string_view bytes) {
  return Base64Encode(AsBytes(bytes));
}
// Absent where the text is not exactly what Base64Encode makes: wrong alphabet, padding, length, or stray bits.
std::optional<std::string> Base64Decode(std::string_view text);

std::string Base64UrlEncode(ByteView bytes);
inline std::string Base64UrlEncode(std::string_view bytes) {
  return Base64UrlEncode(AsBytes(bytes));
}
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace aloft::codec
