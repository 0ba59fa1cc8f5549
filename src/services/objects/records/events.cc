#include "services/objects/records/events.h"

#include <algorithm>

#include "services/objects/records/fields.h"

namespace aloft::objects {
namespace {

constexpr char kVersion = 1;
constexpr std::string_view kService = "s3:";

bool NameMatches(std::string_view wanted, std::string_view name) {
  if (wanted.starts_with(kService)) wanted.remove_prefix(kService.size());
  if (!wanted.ends_with('*')) return wanted == name;
  wanted.remove_suffix(1);
  return name.starts_with(wanted);
}

}  // namespace

std::string Encode(const ObjectEvent& event) {
  FieldWriter writer;
  writer.Raw(kVersion);
  writer.Bytes(1, event.name);
  writer.Number(2, static_cast<std::uint64_t>(ToMicros(event.time)));
  writer.Bytes(3, event.account.value());
  writer.Bytes(4, event.region.value());
  writer.Bytes(5, event.bucket);
  writer.Bytes(6, event.key);
  writer.Bytes(7, event.version_id);
  writer.Number(8, event.size);
  writer.Bytes(9, event.etag);
  writer.Bytes(10, event.sequencer);
  return writer.Take();
}

Result<ObjectEvent> DecodeEvent(std::string_view record) {
  ObjectEvent event;
  bool known = !record.empty() && record.front() == kVersion;
  FieldReader reader(known ? record.substr(1) : std::string_view());
  while (reader.Next()) {
    switch (reader.id()) {
      case 1: event.name = reader.bytes(); break;
      case 2: event.time = FromMicros(static_cast<std::int64_t>(reader.number())); break;
      case 3: event.account = AccountId(reader.bytes()); break;
      case 4: event.region = Region(reader.bytes()); break;
      case 5: event.bucket = reader.bytes(); break;
      case 6: event.key = reader.bytes(); break;
      case 7: event.version_id = reader.bytes(); break;
      case 8: event.size = reader.number(); break;
      case 9: event.etag = reader.bytes(); break;
      case 10: event.sequencer = reader.bytes(); break;
      default: break;
    }
  }
  if (!known || !reader.ok()) return Fail(kCorrupt, "An event cannot be read");
  return event;
}

bool Matches(const EventFilter& filter, const ObjectEvent& event) {
  return event.key.starts_with(filter.prefix) && event.key.ends_with(filter.suffix) &&
         std::any_of(filter.names.begin(), filter.names.end(),
                     [&](const std::string& name) { return NameMatches(name, event.name); });
}

}  // namespace aloft::objects
