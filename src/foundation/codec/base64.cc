#include "foundation/codec/base64.h"

#include <array>
#include <cstdint>

namespace aloft::codec {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::int8_t, 256> Invert(std::string_view alphabet) {
  std::array<std::int8_t, 256> table{};
  for (auto& entry : table) entry = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

std::string Encode(ByteView bytes, std::string_view alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    std::uint32_t group = (std::uint32_t{bytes[i]} << 16) | (std::uint32_t{bytes[i + 1]} << 8) | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text += alphabet[(group >> shift) & 63];
  }
  std::size_t left = bytes.size() - i;
  if (left == 0) return text;
  std::uint32_t group = std::uint32_t{bytes[i]} << 16;
  if (left == 2) group |= std::uint32_t{bytes[i + 1]} << 8;
  text += alphabet[(group >> 18) & 63];
  text += alphabet[(group >> 12) & 63];
  if (left == 2) text += alphabet[(group >> 6) & 63];
  if (pad) text.append(3 - left, '=');
  return text;
}

std::optional<std::string> Decode(std::string_view text, const std::array<std::int8_t, 256>& table) {
  std::size_t rest = text.size() % 4;
  if (rest == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  int bits = 0;
  for (char c : text) {
    std::int8_t value = table[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    group = (group << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((group >> bits) & 0xff);
    }
  }
  if ((group & ((1u << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string Base64Encode(ByteView bytes) {
  return Encode(bytes, kStandard, true);
}

std::optional<std::string> Base64Decode(std::string_view text) {
  static constexpr auto kTable = Invert(kStandard);
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return Decode(text, kTable);
}

std::string Base64UrlEncode(ByteView bytes) {
  return Encode(bytes, kUrl, false);
}

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  static constexpr auto kTable = Invert(kUrl);
  return Decode(text, kTable);
}

}  // namespace aloft::codec
