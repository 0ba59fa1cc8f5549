// FilterLogEvents: the events of many streams, merged by time.
//
// Streams are taken in batches by name; within a batch events are merged by (time, stream, sequence). So a group of up
// to kBatchStreams streams is in perfect order of time, a larger one batch after batch.
#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "foundation/base/bytes.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/filter_pattern.h"
#include "platform/telemetry/log_access.h"
#include "platform/telemetry/log_store.h"

namespace aloft::telemetry {
namespace {

constexpr std::size_t kBatchStreams = 1000;
constexpr std::size_t kMaxExamined = 50'000;  // events read for one page
constexpr std::size_t kMaxPageBytes = 1 << 20;
constexpr std::size_t kReadAheadEvents = 64;
constexpr std::size_t kReadAheadBytes = 32 << 10;

// Where a search goes on: after stream `batch_after` begins the batch of streams, and `last` was the last event
// examined.
struct Cursor {
  std::string batch_after;
  bool inside = false;  // `last_*` mean something
  std::uint64_t last_millis = 0;
  std::string last_stream;
  std::uint64_t last_sequence = 0;
};

std::string Spell(const Cursor& cursor) {
  return HexEncode(AsBytes(KeyWriter()
                               .Text(cursor.batch_after)
                               .Number(cursor.inside ? 1 : 0)
                               .Number(cursor.last_millis)
                               .Text(cursor.last_stream)
                               .Number(cursor.last_sequence)
                               .Take()));
}

Result<Cursor> ParseCursor(const std::string& token) {
  Cursor cursor;
  if (token.empty()) return cursor;
  auto bytes = HexDecode(token);
  KeyReader reader(bytes ? std::string_view(*bytes) : std::string_view());
  cursor.batch_after = reader.Text();
  cursor.inside = reader.Number() != 0;
  cursor.last_millis = reader.Number();
  cursor.last_stream = reader.Text();
  cursor.last_sequence = reader.Number();
  if (!reader.ok()) return Fail(kInvalidParameter, "The specified nextToken is invalid.");
  return cursor;
}

struct StreamBatch {
  std::vector<FoundStream> streams;
  std::string last_name;  // of the batch, also where its streams have nothing in the window
  bool more = false;
};

// One stream's events from a position on, a few at a time.
class StreamReader {
 public:
  StreamReader(kv::Store& store, FoundStream stream, Position from, std::string to)
      : store_(store), stream_(std::move(stream)), to_(std::move(to)) {
    from_ = EventKey(stream_, from);
  }

  // Absent at the end.
  Result<std::optional<Position>> Peek() {
    if (next_ == page_.size()) {
      if (exhausted_ || from_ >= to_) return std::optional<Position>();
      kv::ScanRange range;
      range.from = from_;
      range.to = to_;
      range.limit = kReadAheadEvents;
      range.max_bytes = kReadAheadBytes;
      ALOFT_ASSIGN(kv::ScanPage scanned, store_.Scan(kEventSpace, range));
      page_ = std::move(scanned.entries);
      next_ = 0;
      exhausted_ = !scanned.more;
      if (page_.empty()) return std::optional<Position>();
      from_ = page_.back().key + '\0';
    }
    return std::optional(PositionOf(stream_, page_[next_].key));
  }
  Result<StoredLogEvent> Take() { return PresentEvent(stream_, page_[next_++]); }
  const FoundStream& stream() const { return stream_; }

 private:
  kv::Store& store_;
  FoundStream stream_;
  std::string from_, to_;
  std::vector<kv::Entry> page_;
  std::size_t next_ = 0;
  bool exhausted_ = false;
};

struct Head {
  Position position;
  std::size_t reader;
};

class Search {
 public:
  Search(kv::Store& store, const FoundGroup& group, const FilterQuery& query, FilterPattern pattern, Time kept)
      : store_(store), group_(group), query_(query), pattern_(std::move(pattern)) {
    start_ = MillisOf(std::max(query.start.value_or(FromMicros(0)), kept));
    end_ = query.end ? MillisOf(*query.end) + 1 : ~std::uint64_t{0};
  }

  Result<FilterPage> Run(Cursor cursor) {
    FilterPage page;
    for (;;) {
      ALOFT_ASSIGN(StreamBatch batch, NextBatch(cursor));
      ALOFT_ASSIGN(bool complete, Merge(batch, cursor, page));
      if (!complete) {
        page.next_token = Spell(cursor);
        return page;
      }
      if (!batch.more) return page;
      cursor = Cursor{batch.last_name, false, 0, {}, 0};
      examined_ += batch.streams.size();
    }
  }

 private:
  bool Overlaps(const FoundStream& stream) const {
    const StreamRecord& record = stream.record;
    return record.last_event && MillisOf(*record.last_event) >= start_ && MillisOf(*record.first_event) < end_;
  }

  Result<StreamBatch> NextBatch(const Cursor& cursor) {
    StreamBatch batch;
    if (!query_.streams.empty()) {
      for (const std::string& name : query_.streams) {
        ALOFT_ASSIGN(FoundStream stream, LoadStream(store_, group_, name));
        if (Overlaps(stream)) batch.streams.push_back(std::move(stream));
      }
      return batch;
    }
    kv::ScanRange range;
    range.from = KeyWriter(GroupContents(group_)).TextPrefix(query_.stream_prefix).Take();
    range.to = PrefixEnd(range.from);
    range.limit = kBatchStreams;
    if (!cursor.batch_after.empty())
      range.from = std::max(range.from, KeyWriter(GroupContents(group_)).Text(cursor.batch_after).Take() + '\0');
    ALOFT_ASSIGN(kv::ScanPage scanned, store_.Scan(kStreamSpace, range));
    for (const kv::Entry& entry : scanned.entries) {
      ALOFT_ASSIGN(FoundStream stream, DecodeFoundStream(group_, entry));
      batch.last_name = stream.name;
      if (Overlaps(stream)) batch.streams.push_back(std::move(stream));
    }
    batch.more = scanned.more;
    return batch;
  }

  // Where a stream's part of the search begins after the cursor.
  Position After(const Cursor& cursor, const std::string& stream) const {
    if (!cursor.inside) return {start_, 0};
    Position from{cursor.last_millis, 0};
    if (stream < cursor.last_stream) from.millis += 1;
    if (stream == cursor.last_stream) from.sequence = cursor.last_sequence + 1;
    return std::max(from, Position{start_, 0});
  }

  // False where the page is full; the cursor stands at the last event examined.
  Result<bool> Merge(StreamBatch& batch, Cursor& cursor, FilterPage& page) {
    std::vector<StreamReader> readers;
    readers.reserve(batch.streams.size());
    for (FoundStream& stream : batch.streams) {
      Position from = After(cursor, stream.name);
      std::string to = EventKey(stream, {end_, 0});
      readers.emplace_back(store_, std::move(stream), from, std::move(to));
    }
    auto later = [&](const Head& a, const Head& b) {
      if (a.position.millis != b.position.millis) return a.position.millis > b.position.millis;
      const std::string& left = readers[a.reader].stream().name;
      const std::string& right = readers[b.reader].stream().name;
      return left != right ? left > right : a.position.sequence > b.position.sequence;
    };
    std::priority_queue<Head, std::vector<Head>, decltype(later)> heads(later);
    auto push = [&](std::size_t reader) -> Status {
      ALOFT_ASSIGN(std::optional<Position> position, readers[reader].Peek());
      if (position) heads.push({*position, reader});
      return {};
    };
    for (std::size_t i = 0; i < readers.size(); ++i) ALOFT_TRY(push(i));
    while (!heads.empty()) {
      if (page.events.size() == query_.limit || bytes_ >= kMaxPageBytes || examined_ >= kMaxExamined) return false;
      Head head = heads.top();
      heads.pop();
      ALOFT_ASSIGN(StoredLogEvent event, readers[head.reader].Take());
      ++examined_;
      cursor.inside = true;
      cursor.last_millis = head.position.millis;
      cursor.last_stream = event.stream;
      cursor.last_sequence = head.position.sequence;
      if (pattern_.Matches(event.message)) {
        bytes_ += event.message.size();
        page.events.push_back(std::move(event));
      }
      ALOFT_TRY(push(head.reader));
    }
    return true;
  }

  kv::Store& store_;
  const FoundGroup& group_;
  const FilterQuery& query_;
  FilterPattern pattern_;
  std::uint64_t start_, end_;
  std::size_t bytes_ = 0, examined_ = 0;
};

}  // namespace

Result<FilterPage> LogStore::FilterEvents(const Scope& scope, const std::string& group, const FilterQuery& query) {
  if (!query.streams.empty() && !query.stream_prefix.empty())
    return Fail(kInvalidParameter, "logStreamNames and logStreamNamePrefix are mutually exclusive.");
  if (query.start && query.end && *query.end < *query.start)
    return Fail(kInvalidParameter, "startTime must not be after endTime.");
  ALOFT_ASSIGN(FilterPattern pattern, FilterPattern::Parse(query.pattern));
  ALOFT_ASSIGN(Cursor cursor, ParseCursor(query.token));
  ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
  Time kept = RetentionStart(found.record, clock_.Now());
  return Search(store_, found, query, std::move(pattern), kept).Run(std::move(cursor));
}

}  // namespace aloft::telemetry
