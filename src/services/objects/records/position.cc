#include "services/objects/records/position.h"

#include <algorithm>

#include "foundation/base/bytes.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

std::string BigEndian(std::uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

std::uint64_t MicrosOf(std::string_view position) {
  std::uint64_t inverted = 0;
  for (int i = 0; i < 8; ++i) inverted = inverted << 8 | static_cast<unsigned char>(position[i]);
  return ~inverted;
}

}  // namespace

std::string PositionOf(const Entry& entry) {
  if (entry.position.size() == kPositionBytes) return entry.position;
  return BigEndian(~static_cast<std::uint64_t>(ToMicros(entry.info.modified))) + std::string(8, '\0');
}

std::string NextPosition(Time now, Random& random, const Entry* current) {
  auto micros = static_cast<std::uint64_t>(ToMicros(now));
  if (current != nullptr) micros = std::max(micros, MicrosOf(PositionOf(*current)) + 1);
  return BigEndian(~micros) + BigEndian(random.Next());
}

std::optional<std::string> ParseVersionId(std::string_view id) {
  if (id.size() != 2 * kPositionBytes || ToLower(id) != id) return std::nullopt;
  return HexDecode(id);
}

void Present(Entry& entry, const Bucket& bucket, std::string_view key, bool latest) {
  entry.info.key = key;
  entry.info.is_latest = latest;
  if (entry.has_id)
    entry.info.version_id = HexEncode(AsBytes(entry.position));
  else
    entry.info.version_id = bucket.versioning == Versioning::kNever ? std::string_view() : kNullVersion;
}

}  // namespace aloft::objects
