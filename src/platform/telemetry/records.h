// How telemetry's keys and values are spelled; docs/formats/telemetry.md is the definition.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"
#include "foundation/base/result.h"
#include "platform/telemetry/types.h"

namespace aloft::telemetry {

inline constexpr const char* kGroupSpace = "telemetry.groups";
inline constexpr const char* kStreamSpace = "telemetry.streams";
inline constexpr const char* kEventSpace = "telemetry.events";
inline constexpr const char* kGarbageSpace = "telemetry.garbage";
inline constexpr const char* kSeriesSpace = "telemetry.series";
inline constexpr const char* kPointSpace = "telemetry.points";

// Appends parts to a key, so that keys order as their parts do.
class KeyWriter {
 public:
  explicit KeyWriter(std::string start = {}) : key_(std::move(start)) {}
  KeyWriter& Text(std::string_view text);        // with its end mark
  KeyWriter& TextPrefix(std::string_view text);  // without: the start of every text that begins so
  KeyWriter& Number(std::uint64_t number);
  std::string Take() { return std::move(key_); }

 private:
  std::string key_;
};

// Takes the parts off again. After a part that is not there, ok() is false and every part is empty.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) {}
  std::string Text();
  std::uint64_t Number();
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// The first key after all that begin with `prefix`.
std::string PrefixEnd(std::string prefix);

std::string ScopeKey(const Scope& scope);
std::string GroupKey(const Scope& scope, std::string_view group);

struct GroupRecord {
  Time created;
  std::uint64_t generation = 0;  // a group made again under the same name has another one
  std::optional<int> retention_days;
  std::string log_group_class;
};
std::string Encode(const GroupRecord& record);
Result<GroupRecord> DecodeGroup(std::string_view bytes);

struct StreamRecord {
  Time created;
  std::uint64_t generation = 0;
  std::optional<Time> first_event, last_event, last_ingestion;
  std::uint64_t stored_bytes = 0, next_sequence = 0, acknowledged = 0;
};
std::string Encode(const StreamRecord& record);
Result<StreamRecord> DecodeStream(std::string_view bytes);

struct EventRecord {
  Time ingestion;
  std::string message;
};
std::string Encode(const EventRecord& record);
Result<EventRecord> DecodeEvent(std::string_view bytes);

struct PointRecord {
  std::string unit;
  StatisticSet statistics;
  std::vector<double> values, counts;  // empty where only the sums are known
};
std::string Encode(const PointRecord& record);
Result<PointRecord> DecodePoint(std::string_view bytes);

struct SeriesRecord {
  Time last_seen;  // within kSeriesRefresh
};
std::string Encode(const SeriesRecord& record);
Result<SeriesRecord> DecodeSeries(std::string_view bytes);

}  // namespace aloft::telemetry
