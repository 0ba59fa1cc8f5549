#include "foundation/kv/rocks_format.h"

namespace aloft::kv {
namespace {

constexpr char kValueFormat = 1;
constexpr char kAnnouncementFormat = 1;

}  // namespace

std::string RecordKey(std::string_view space, std::string_view key) {
  std::string out;
  out.reserve(1 + space.size() + key.size());
  out.push_back(static_cast<char>(space.size()));
  out.append(space);
  out.append(key);
  return out;
}

std::string SpaceEnd(std::string_view space) {
  std::string out = RecordKey(space, {});
  // The first byte is a length of at most 64, so the carry stops there at the latest.
  while (static_cast<unsigned char>(out.back()) == 0xff) out.pop_back();
  ++out.back();
  return out;
}

std::string EncodeValue(Version version, std::string_view value) {
  std::string out;
  out.reserve(kValueHeaderBytes + value.size());
  out.push_back(kValueFormat);
  AppendBigEndian(out, version);
  out.append(value);
  return out;
}

std::optional<StoredValue> DecodeValue(std::string_view stored) {
  if (stored.size() < kValueHeaderBytes || stored[0] != kValueFormat) return std::nullopt;
  return StoredValue{ReadBigEndian(stored.substr(1)), stored.substr(kValueHeaderBytes)};
}

std::string EncodeAnnouncement(const StoredAnnouncement& announcement) {
  std::string out;
  out.push_back(kAnnouncementFormat);
  AppendBigEndian(out, static_cast<std::uint64_t>(ToMicros(announcement.at)));
  AppendBigEndian(out, announcement.end);
  AppendBigEndian(out, announcement.topic.size(), 1);
  AppendBigEndian(out, announcement.key.size(), 4);
  out.append(announcement.topic).append(announcement.key).append(announcement.record);
  return out;
}

std::optional<StoredAnnouncement> DecodeAnnouncement(std::string_view stored) {
  constexpr std::size_t kHeader = 1 + 8 + 8 + 1 + 4;
  if (stored.size() < kHeader || stored[0] != kAnnouncementFormat) return std::nullopt;
  StoredAnnouncement out;
  out.at = FromMicros(static_cast<std::int64_t>(ReadBigEndian(stored.substr(1))));
  out.end = ReadBigEndian(stored.substr(9));
  std::size_t topic = ReadBigEndian(stored.substr(17), 1);
  std::size_t key = ReadBigEndian(stored.substr(18), 4);
  stored.remove_prefix(kHeader);
  if (stored.size() < topic + key) return std::nullopt;
  out.topic = stored.substr(0, topic);
  out.key = stored.substr(topic, key);
  out.record = stored.substr(topic + key);
  return out;
}

}  // namespace aloft::kv
