// Small helpers on bytes and text that every room needs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aloft {

using ByteView = std::span<const std::uint8_t>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Lower-case hexadecimal.
std::string HexEncode(ByteView bytes);
// Absent where the text is not an even number of hexadecimal digits of either case.
std::optional<std::string> HexDecode(std::string_view text);

// Time depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

// ASCII only; no locale.
std::string ToLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
std::string_view Trim(std::string_view text);
// Empty parts are kept: Split("a,,b", ',') is {"a", "", "b"}; Split("", ',') is {""}.
std::vector<std::string_view> Split(std::string_view text, char separator);

}  // namespace aloft
