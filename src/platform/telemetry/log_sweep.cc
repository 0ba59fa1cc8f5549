// Reclaims what nobody can read any more: the contents of deleted groups and streams, events past retention.
#include <algorithm>

#include "platform/telemetry/errors.h"
#include "platform/telemetry/log_access.h"
#include "platform/telemetry/log_store.h"

namespace aloft::telemetry {
namespace {

constexpr int kMaxPages = 20;  // of streams looked at in one sweep

// Removes up to `limit` keys of the range; true where nothing of it is left.
Result<bool> DeleteRange(kv::Store& store, const std::string& space, const std::string& from, const std::string& to,
                         std::size_t& limit) {
  kv::ScanRange range{from, to, std::min<std::size_t>(limit, 1000), 8u << 20, false, true};
  while (limit > 0) {
    ALOFT_ASSIGN(kv::ScanPage page, store.Scan(space, range));
    kv::Batch batch;
    for (kv::Entry& entry : page.entries) batch.Delete(space, std::move(entry.key));
    limit -= std::min(limit, batch.writes.size());
    if (!batch.writes.empty()) ALOFT_TRY(store.Apply(std::move(batch)));
    if (!page.more) return true;
  }
  return false;
}

Status SweepGarbage(kv::Store& store, std::size_t& limit) {
  while (limit > 0) {
    ALOFT_ASSIGN(kv::ScanPage page, store.Scan(kGarbageSpace, {.limit = 1}));
    if (page.entries.empty()) return {};
    KeyReader reader(page.entries[0].key);
    std::string space = reader.Text();
    std::string prefix = reader.Text();
    ALOFT_ASSIGN(bool done, DeleteRange(store, space, prefix, PrefixEnd(prefix), limit));
    if (!done) return {};
    kv::Batch batch;
    batch.Delete(kGarbageSpace, page.entries[0].key);
    ALOFT_TRY(store.Apply(std::move(batch)));
  }
  return {};
}

// Removes the expired events of one stream; its record follows, so that the next sweep passes it by.
Status SweepStream(kv::Store& store, const FoundStream& stream, std::uint64_t kept, std::size_t& limit) {
  std::string end = EventKey(stream, {kept, 0});
  ALOFT_ASSIGN(bool done, DeleteRange(store, kEventSpace, stream.events, end, limit));
  if (!done) return {};
  ALOFT_ASSIGN(kv::ScanPage first,
               store.Scan(kEventSpace, {.from = end, .to = PrefixEnd(stream.events), .limit = 1, .keys_only = true}));
  StreamRecord record = stream.record;
  record.first_event.reset();
  if (first.entries.empty())
    record.last_event.reset();
  else
    record.first_event = FromMillis(static_cast<std::int64_t>(PositionOf(stream, first.entries[0].key).millis));
  kv::Batch batch;
  batch.Expect(kStreamSpace, stream.key, stream.version);
  batch.Put(kStreamSpace, stream.key, Encode(record));
  auto applied = store.Apply(std::move(batch));
  // Somebody wrote to it meanwhile: the next round sees to it.
  if (!applied.ok() && applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  return {};
}

}  // namespace

Result<std::size_t> LogStore::Sweep(std::size_t limit) {
  std::size_t left = limit;
  ALOFT_TRY(SweepGarbage(store_, left));
  Time now = clock_.Now();
  FoundGroup group;
  for (int pages = 0; pages < kMaxPages && left > 0; ++pages) {
    ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kStreamSpace, {.from = sweep_cursor_, .limit = 200}));
    for (const kv::Entry& entry : page.entries) {
      if (left == 0) return limit;
      sweep_cursor_ = entry.key + '\0';
      KeyReader reader(entry.key);
      Scope scope{AccountId(reader.Text()), Region(reader.Text())};
      std::string name = reader.Text();
      if (group.key != GroupKey(scope, name)) {
        auto found = LoadGroup(store_, scope, name);
        if (!found.ok() && found.error().reason == kNoSuchLogGroup) continue;
        ALOFT_ASSIGN(group, std::move(found));
      }
      if (!group.record.retention_days || group.record.generation != reader.Number()) continue;
      Time kept = RetentionStart(group.record, now);
      ALOFT_ASSIGN(FoundStream stream, DecodeFoundStream(group, entry));
      if (stream.record.first_event && *stream.record.first_event < kept)
        ALOFT_TRY(SweepStream(store_, stream, MillisOf(kept), left));
    }
    if (!page.more) {
      sweep_cursor_.clear();
      break;
    }
  }
  return limit - left;
}

}  // namespace aloft::telemetry
