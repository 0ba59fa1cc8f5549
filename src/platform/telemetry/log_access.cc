#include "platform/telemetry/log_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "platform/telemetry/errors.h"

namespace aloft::telemetry {

Result<FoundGroup> LoadGroup(kv::Store& store, const Scope& scope, std::string_view group) {
  FoundGroup found{GroupKey(scope, group), {}, kv::kAbsent};
  ALOFT_ASSIGN(auto entry, store.Get(kGroupSpace, found.key));
  if (!entry) return Fail(kNoSuchLogGroup, "The specified log group does not exist.");
  ALOFT_ASSIGN(found.record, DecodeGroup(entry->value));
  found.version = entry->version;
  return found;
}

std::string GroupContents(const FoundGroup& group) {
  return KeyWriter(group.key).Number(group.record.generation).Take();
}

Result<FoundStream> LoadStream(kv::Store& store, const FoundGroup& group, std::string_view stream) {
  std::string key = KeyWriter(GroupContents(group)).Text(stream).Take();
  ALOFT_ASSIGN(auto entry, store.Get(kStreamSpace, key));
  if (!entry) return Fail(kNoSuchLogStream, "The specified log stream does not exist.");
  return DecodeFoundStream(group, *entry);
}

Result<FoundStream> DecodeFoundStream(const FoundGroup& group, const kv::Entry& entry) {
  FoundStream found;
  found.key = entry.key;
  found.version = entry.version;
  KeyReader reader(std::string_view(entry.key).substr(GroupContents(group).size()));
  found.name = reader.Text();
  ALOFT_ASSIGN(found.record, DecodeStream(entry.value));
  found.events = KeyWriter(found.key).Number(found.record.generation).Take();
  return found;
}

LogStream Present(const FoundStream& stream) {
  const StreamRecord& record = stream.record;
  return {stream.name,           record.created,      record.first_event, record.last_event,
          record.last_ingestion, record.stored_bytes, record.acknowledged};
}

std::string EventKey(const FoundStream& stream, const Position& position) {
  return KeyWriter(stream.events).Number(position.millis).Number(position.sequence).Take();
}

Position PositionOf(const FoundStream& stream, std::string_view key) {
  KeyReader reader(key.substr(stream.events.size()));
  std::uint64_t millis = reader.Number();
  return {millis, reader.Number()};
}

std::uint64_t MillisOf(Time time) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(ToMillis(time), 0));
}

Time RetentionStart(const GroupRecord& group, Time now) {
  if (!group.retention_days) return FromMicros(0);
  return now - std::chrono::hours(24) * *group.retention_days;
}

Result<StoredLogEvent> PresentEvent(const FoundStream& stream, const kv::Entry& entry) {
  Position position = PositionOf(stream, entry.key);
  ALOFT_ASSIGN(EventRecord record, DecodeEvent(entry.value));
  StoredLogEvent event;
  event.timestamp = FromMillis(static_cast<std::int64_t>(position.millis));
  event.ingestion = record.ingestion;
  event.message = std::move(record.message);
  event.stream = stream.name;
  event.event_id = fmt::format("3{:015}{:020}{:020}", position.millis, stream.record.generation, position.sequence);
  return event;
}

}  // namespace aloft::telemetry
