// Events of one stream: put, append, read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "foundation/base/fault_point.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/log_access.h"
#include "platform/telemetry/log_store.h"

namespace aloft::telemetry {
namespace {

constexpr int kAttempts = 16;
constexpr std::size_t kMaxBatchEvents = 10'000;
constexpr std::size_t kMaxBatchBytes = 1 << 20;
constexpr std::size_t kEventOverhead = 26;
constexpr std::size_t kMaxPageBytes = 1 << 20;
constexpr auto kMaxAhead = std::chrono::hours(2);
constexpr auto kMaxBehind = std::chrono::hours(24 * 14);

Status CheckBatch(std::span<const LogEvent> events) {
  if (events.size() > kMaxBatchEvents) return Fail(kInvalidParameter, "A batch may hold at most 10000 log events.");
  std::size_t bytes = 0;
  for (const LogEvent& event : events) bytes += event.message.size() + kEventOverhead;
  if (bytes > kMaxBatchBytes)
    return Fail(kInvalidParameter,
                fmt::format("Upload too large: {} bytes exceeds limit of {}", bytes, kMaxBatchBytes));
  for (std::size_t i = 1; i < events.size(); ++i)
    if (ToMillis(events[i].timestamp) < ToMillis(events[i - 1].timestamp))
      return Fail(kInvalidParameter, "Log events in a single PutLogEvents request must be in chronological order.");
  if (!events.empty() && events.back().timestamp - events.front().timestamp > std::chrono::hours(24))
    return Fail(kInvalidParameter,
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  return {};
}

// Adds the events to the batch and to the record.
void Store(kv::Batch& batch, FoundStream& stream, std::span<const LogEvent> events, Time now) {
  StreamRecord& record = stream.record;
  for (const LogEvent& event : events) {
    Position position{MillisOf(event.timestamp), record.next_sequence++};
    batch.Put(kEventSpace, EventKey(stream, position), Encode(EventRecord{now, event.message}));
    Time stamp = FromMillis(static_cast<std::int64_t>(position.millis));
    record.first_event = record.first_event ? std::min(*record.first_event, stamp) : stamp;
    record.last_event = record.last_event ? std::max(*record.last_event, stamp) : stamp;
    record.stored_bytes += event.message.size();
  }
  if (!events.empty()) record.last_ingestion = now;
}

struct Token {
  bool forward = true;
  Position position;
};

std::string Spell(char direction, const Position& position) {
  return fmt::format("{}/{:020}{:020}/s", direction, position.millis, position.sequence);
}

Result<Token> ParseToken(std::string_view text) {
  Token token;
  auto number = [](std::string_view digits, std::uint64_t& out) {
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  if (text.size() != 44 || (text[0] != 'f' && text[0] != 'b') || text[1] != '/' || text.substr(42) != "/s" ||
      !number(text.substr(2, 20), token.position.millis) || !number(text.substr(22, 20), token.position.sequence))
    return Fail(kInvalidParameter, "The specified nextToken is invalid.");
  token.forward = text[0] == 'f';
  return token;
}

}  // namespace

Result<PutResult> LogStore::PutEvents(const Scope& scope, const std::string& group, const std::string& stream,
                                      std::span<const LogEvent> events) {
  ALOFT_TRY(CheckBatch(events));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(FoundGroup found_group, LoadGroup(store_, scope, group));
    ALOFT_ASSIGN(FoundStream found, LoadStream(store_, found_group, stream));
    Time now = clock_.Now();
    Time kept = RetentionStart(found_group.record, now);
    PutResult result;
    std::size_t begin = 0, end = events.size();
    while (begin < end && events[begin].timestamp < std::max(kept, now - kMaxBehind)) ++begin;
    while (end > begin && events[end - 1].timestamp > now + kMaxAhead) --end;
    if (begin > 0 && events[begin - 1].timestamp < kept) result.expired_end = static_cast<int>(begin);
    if (begin > 0 && !result.expired_end) result.too_old_end = static_cast<int>(begin);
    if (end < events.size()) result.too_new_start = static_cast<int>(end);
    if (begin == end) return result;

    kv::Batch batch;
    batch.Expect(kGroupSpace, found_group.key, found_group.version);
    batch.Expect(kStreamSpace, found.key, found.version);
    Store(batch, found, events.subspan(begin, end - begin), now);
    batch.Put(kStreamSpace, found.key, Encode(found.record));
    auto applied = store_.Apply(std::move(batch));
    if (applied.ok()) return result;
    if (applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  return Fail(kContended, "The log stream is being written to by too many at once; try again");
}

Result<std::uint64_t> LogStore::AppendAt(const Scope& scope, const std::string& group, const std::string& stream,
                                         std::uint64_t from, std::uint64_t to, std::span<const LogEvent> events) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto found_group = LoadGroup(store_, scope, group);
    if (!found_group.ok() && found_group.error().reason == kNoSuchLogGroup) {
      Status made = CreateGroup(scope, group);
      if (!made.ok() && made.error().reason != kLogGroupExists) return std::move(made).error();
      continue;
    }
    if (!found_group.ok()) return std::move(found_group).error();
    auto found = LoadStream(store_, *found_group, stream);
    if (!found.ok() && found.error().reason == kNoSuchLogStream) {
      Status made = CreateStream(scope, group, stream);
      if (!made.ok() && made.error().reason != kLogStreamExists && made.error().reason != kNoSuchLogGroup)
        return std::move(made).error();
      continue;
    }
    if (!found.ok()) return std::move(found).error();
    if (found->record.acknowledged != from || to == from) return found->record.acknowledged;

    Time now = clock_.Now();
    std::vector<LogEvent> moved(events.begin(), events.end());
    Time least = found->record.last_event.value_or(FromMicros(0));
    for (LogEvent& event : moved) event.timestamp = least = std::max(least, event.timestamp);
    kv::Batch batch;
    batch.Expect(kGroupSpace, found_group->key, found_group->version);
    batch.Expect(kStreamSpace, found->key, found->version);
    Store(batch, *found, moved, now);
    found->record.acknowledged = to;
    batch.Put(kStreamSpace, found->key, Encode(found->record));
    ALOFT_FAULT_POINT("telemetry.append.before_apply");
    auto applied = store_.Apply(std::move(batch));
    ALOFT_FAULT_POINT("telemetry.append.after_apply");
    if (applied.ok()) return to;
    if (applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  return Fail(kContended, "The log stream is being written to by too many at once; try again");
}

Result<LogPage> LogStore::GetEvents(const Scope& scope, const std::string& group, const std::string& stream,
                                    const EventQuery& query) {
  Token token{query.from_head, {}};
  if (!query.token.empty()) {
    ALOFT_ASSIGN(token, ParseToken(query.token));
  }
  ALOFT_ASSIGN(FoundGroup found_group, LoadGroup(store_, scope, group));
  ALOFT_ASSIGN(FoundStream found, LoadStream(store_, found_group, stream));

  Time start = std::max(query.start.value_or(FromMicros(0)), RetentionStart(found_group.record, clock_.Now()));
  Position first{MillisOf(start), 0};
  kv::ScanRange range;
  range.from = EventKey(found, first);
  range.to = query.end ? EventKey(found, {MillisOf(*query.end), 0}) : PrefixEnd(found.events);
  if (!query.token.empty()) {
    if (token.forward)
      range.from = std::max(range.from, EventKey(found, token.position));
    else
      range.to = std::min(range.to, EventKey(found, token.position));
  } else {
    token.position = first;
  }
  range.reverse = !token.forward;
  range.limit = std::clamp<std::size_t>(query.limit, 1, 10'000);
  range.max_bytes = kMaxPageBytes;

  LogPage page;
  page.next_forward_token = Spell('f', token.position);
  page.next_backward_token = Spell('b', token.position);
  if (range.from >= range.to) return page;
  ALOFT_ASSIGN(kv::ScanPage scanned, store_.Scan(kEventSpace, range));
  if (range.reverse) std::reverse(scanned.entries.begin(), scanned.entries.end());
  for (const kv::Entry& entry : scanned.entries) {
    ALOFT_ASSIGN(StoredLogEvent event, PresentEvent(found, entry));
    page.events.push_back(std::move(event));
  }
  if (!scanned.entries.empty()) {
    Position last = PositionOf(found, scanned.entries.back().key);
    page.next_forward_token = Spell('f', {last.millis, last.sequence + 1});
    page.next_backward_token = Spell('b', PositionOf(found, scanned.entries.front().key));
  }
  return page;
}

}  // namespace aloft::telemetry
