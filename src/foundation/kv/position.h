// Integers as bytes that order like the numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aloft::kv {

inline void AppendBigEndian(std::string& out, std::uint64_t number, int bytes = 8) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xff));
}

// `bytes` must be there.
inline std::uint64_t ReadBigEndian(std::string_view text, int bytes = 8) {
  std::uint64_t number = 0;
  for (int i = 0; i < bytes; ++i) number = number << 8 | static_cast<unsigned char>(text[i]);
  return number;
}

// The place of the `index`-th announcement of the batch that made `version`.
inline std::string EncodePosition(std::uint64_t version, std::uint32_t index) {
  std::string out;
  AppendBigEndian(out, version);
  AppendBigEndian(out, index, 4);
  return out;
}

}  // namespace aloft::kv
