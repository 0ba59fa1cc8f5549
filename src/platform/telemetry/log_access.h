// Finding groups, streams and events in kv; for the log store's own files.
#pragma once

#include "foundation/base/result.h"
#include "foundation/kv/store.h"
#include "platform/telemetry/records.h"

namespace aloft::telemetry {

struct FoundGroup {
  std::string key;
  GroupRecord record;
  kv::Version version = kv::kAbsent;
};
struct FoundStream {
  std::string key;     // in kStreamSpace
  std::string events;  // the prefix of its events
  std::string name;
  StreamRecord record;
  kv::Version version = kv::kAbsent;
};

// kNoSuchLogGroup, kNoSuchLogStream where absent.
Result<FoundGroup> LoadGroup(kv::Store& store, const Scope& scope, std::string_view group);
Result<FoundStream> LoadStream(kv::Store& store, const FoundGroup& group, std::string_view stream);

// The prefix of the group's streams, and of all its events.
std::string GroupContents(const FoundGroup& group);
Result<FoundStream> DecodeFoundStream(const FoundGroup& group, const kv::Entry& entry);
LogStream Present(const FoundStream& stream);

// Where an event stands in its stream.
struct Position {
  std::uint64_t millis = 0, sequence = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};
std::string EventKey(const FoundStream& stream, const Position& position);
Position PositionOf(const FoundStream& stream, std::string_view key);
std::uint64_t MillisOf(Time time);  // never below 0

// Events older than this are hidden and will be swept.
Time RetentionStart(const GroupRecord& group, Time now);

Result<StoredLogEvent> PresentEvent(const FoundStream& stream, const kv::Entry& entry);

}  // namespace aloft::telemetry
