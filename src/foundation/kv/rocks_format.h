// What stands in RocksDB: docs/formats/kv.md. Private to the room; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/kv/position.h"
#include "foundation/kv/store.h"

namespace aloft::kv {

inline constexpr std::uint64_t kRocksFormat = 1;

// Rooms' records: the length of the space's name, its name, the key. Our own records begin with a zero byte.
std::string RecordKey(std::string_view space, std::string_view key);
// The first key after all records of `space`.
std::string SpaceEnd(std::string_view space);

inline constexpr std::string_view kFormatKey{"\0f", 2};
inline constexpr std::string_view kVersionKey{"\0v", 2};  // the last version that was given out
inline constexpr std::string_view kTrimmedKey{"\0t", 2};  // the last position that was forgotten
inline constexpr std::string_view kOutboxPrefix{"\0o", 2};
inline constexpr std::string_view kOutboxEnd{"\0p", 2};
inline constexpr std::string_view kCursorPrefix{"\0c", 2};

// A record's value: one byte of format, eight of version, the bytes.
inline constexpr std::size_t kValueHeaderBytes = 9;
std::string EncodeValue(Version version, std::string_view value);
struct StoredValue {
  Version version;
  std::string_view value;
};
std::optional<StoredValue> DecodeValue(std::string_view stored);

// An announcement's value. `end` counts the bytes of all announcements ever made up to and including this one, so that
// the size of the outbox is a subtraction.
struct StoredAnnouncement {
  Time at;
  std::uint64_t end = 0;
  std::string_view topic, key, record;
};
std::string EncodeAnnouncement(const StoredAnnouncement& announcement);
std::optional<StoredAnnouncement> DecodeAnnouncement(std::string_view stored);

}  // namespace aloft::kv
