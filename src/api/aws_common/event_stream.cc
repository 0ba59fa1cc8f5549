#include "api/aws_common/event_stream.h"

#include <cstdint>

#include "foundation/base/bytes.h"
#include "foundation/crypto/crc.h"

namespace aloft::api {
namespace {

void AppendBigEndian(std::uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xff));
}

}  // namespace

std::string EventStreamMessage(const std::vector<std::pair<std::string_view, std::string_view>>& headers,
                               std::string_view payload) {
  constexpr char kString = 7;
  std::string fields;
  for (const auto& [name, value] : headers) {
    fields.push_back(static_cast<char>(name.size()));
    fields.append(name);
    fields.push_back(kString);
    fields.push_back(static_cast<char>(value.size() >> 8));
    fields.push_back(static_cast<char>(value.size() & 0xff));
    fields.append(value);
  }
  std::string message;
  message.reserve(16 + fields.size() + payload.size());
  AppendBigEndian(static_cast<std::uint32_t>(16 + fields.size() + payload.size()), message);
  AppendBigEndian(static_cast<std::uint32_t>(fields.size()), message);
  AppendBigEndian(crypto::Crc32(0, AsBytes(message)), message);
  message.append(fields).append(payload);
  AppendBigEndian(crypto::Crc32(0, AsBytes(message)), message);
  return message;
}

}  // namespace aloft::api
