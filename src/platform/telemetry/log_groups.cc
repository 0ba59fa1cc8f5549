// Groups and streams: make, find, list, delete.
#include <algorithm>

#include "foundation/base/bytes.h"
#include "platform/telemetry/errors.h"
#include "platform/telemetry/log_access.h"
#include "platform/telemetry/log_store.h"

namespace aloft::telemetry {
namespace {

constexpr std::size_t kScanPage = 1000;
// DescribeLogStreams by last event reads every stream of its group: this many at most.
constexpr std::size_t kMaxStreamsSorted = 20'000;

LogGroup PresentGroup(std::string name, const GroupRecord& record) {
  return {std::move(name), record.created, record.retention_days, record.log_group_class};
}

std::string MakeToken(std::string_view bytes) {
  return HexEncode(AsBytes(bytes));
}

Result<std::string> OpenToken(const std::string& token) {
  auto bytes = HexDecode(token);
  if (!bytes) return Fail(kInvalidToken, "The specified nextToken is invalid.");
  return *bytes;
}

// Whether a batch that made something met one that was there already.
Status MapExists(Result<kv::Version> applied, Reason reason, const char* message) {
  if (applied.ok()) return {};
  if (applied.error().reason == kv::kVersionMismatch) return Fail(reason, message);
  return std::move(applied).error();
}

}  // namespace

LogStore::LogStore(kv::Store& store, Clock& clock, Random& random) : store_(store), clock_(clock), random_(random) {}

Status LogStore::CreateGroup(const Scope& scope, const std::string& group, std::string log_group_class) {
  GroupRecord record{clock_.Now(), random_.Next(), std::nullopt, std::move(log_group_class)};
  std::string key = GroupKey(scope, group);
  kv::Batch batch;
  batch.Expect(kGroupSpace, key, kv::kAbsent);
  batch.Put(kGroupSpace, key, Encode(record));
  return MapExists(store_.Apply(std::move(batch)), kLogGroupExists, "The specified log group already exists");
}

Status LogStore::DeleteGroup(const Scope& scope, const std::string& group) {
  ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
  kv::Batch batch;
  batch.Expect(kGroupSpace, found.key, found.version);
  batch.Delete(kGroupSpace, found.key);
  batch.Put(kGarbageSpace, KeyWriter().Text(kStreamSpace).Text(GroupContents(found)).Take(), "");
  batch.Put(kGarbageSpace, KeyWriter().Text(kEventSpace).Text(GroupContents(found)).Take(), "");
  ALOFT_TRY(store_.Apply(std::move(batch)));
  return {};
}

Result<LogGroup> LogStore::FindGroup(const Scope& scope, const std::string& group) {
  ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
  return PresentGroup(group, found.record);
}

Result<GroupPage> LogStore::DescribeGroups(const Scope& scope, const GroupQuery& query) {
  if (!query.prefix.empty() && !query.pattern.empty())
    return Fail(kInvalidParameter, "LogGroupNamePrefix and LogGroupNamePattern are mutually exclusive parameters.");
  std::string start = ScopeKey(scope);
  kv::ScanRange range;
  range.from = KeyWriter(start).TextPrefix(query.prefix).Take();
  range.to = PrefixEnd(range.from);
  range.limit = kScanPage;
  if (!query.token.empty()) {
    ALOFT_ASSIGN(std::string after, OpenToken(query.token));
    range.from = std::max(range.from, KeyWriter(start).Text(after).Take() + '\0');
  }
  std::string pattern = ToLower(query.pattern);
  GroupPage page;
  for (;;) {
    ALOFT_ASSIGN(kv::ScanPage scanned, store_.Scan(kGroupSpace, range));
    for (const kv::Entry& entry : scanned.entries) {
      std::string name = KeyReader(std::string_view(entry.key).substr(start.size())).Text();
      if (!pattern.empty() && ToLower(name).find(pattern) == std::string::npos) continue;
      if (page.groups.size() == query.limit) {
        page.next_token = MakeToken(page.groups.back().name);
        return page;
      }
      ALOFT_ASSIGN(GroupRecord record, DecodeGroup(entry.value));
      page.groups.push_back(PresentGroup(std::move(name), record));
    }
    if (!scanned.more) return page;
    range.from = scanned.entries.back().key + '\0';
  }
}

Status LogStore::SetRetention(const Scope& scope, const std::string& group, std::optional<int> days) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
    found.record.retention_days = days;
    kv::Batch batch;
    batch.Expect(kGroupSpace, found.key, found.version);
    batch.Put(kGroupSpace, found.key, Encode(found.record));
    auto applied = store_.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  return Fail(kContended, "The log group is being changed by others; try again");
}

Status LogStore::CreateStream(const Scope& scope, const std::string& group, const std::string& stream) {
  ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
  StreamRecord record;
  record.created = clock_.Now();
  record.generation = random_.Next();
  std::string key = KeyWriter(GroupContents(found)).Text(stream).Take();
  kv::Batch batch;
  batch.Expect(kGroupSpace, found.key, found.version);
  batch.Expect(kStreamSpace, key, kv::kAbsent);
  batch.Put(kStreamSpace, key, Encode(record));
  return MapExists(store_.Apply(std::move(batch)), kLogStreamExists, "The specified log stream already exists");
}

Status LogStore::DeleteStream(const Scope& scope, const std::string& group, const std::string& stream) {
  for (int attempt = 0; attempt < 16; ++attempt) {
    ALOFT_ASSIGN(FoundGroup found_group, LoadGroup(store_, scope, group));
    ALOFT_ASSIGN(FoundStream found, LoadStream(store_, found_group, stream));
    kv::Batch batch;
    batch.Expect(kStreamSpace, found.key, found.version);
    batch.Delete(kStreamSpace, found.key);
    batch.Put(kGarbageSpace, KeyWriter().Text(kEventSpace).Text(found.events).Take(), "");
    auto applied = store_.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (applied.error().reason != kv::kVersionMismatch) return std::move(applied).error();
  }
  return Fail(kContended, "The log stream is being written to; try again");
}

Result<LogStream> LogStore::FindStream(const Scope& scope, const std::string& group, const std::string& stream) {
  ALOFT_ASSIGN(FoundGroup found_group, LoadGroup(store_, scope, group));
  ALOFT_ASSIGN(FoundStream found, LoadStream(store_, found_group, stream));
  return Present(found);
}

namespace {

Result<StreamPage> StreamsByName(kv::Store& store, const FoundGroup& group, const StreamQuery& query) {
  std::string start = GroupContents(group);
  kv::ScanRange range;
  range.from = KeyWriter(start).TextPrefix(query.prefix).Take();
  range.to = PrefixEnd(range.from);
  range.limit = query.limit;
  range.reverse = query.descending;
  if (!query.token.empty()) {
    ALOFT_ASSIGN(std::string name, OpenToken(query.token));
    std::string key = KeyWriter(start).Text(name).Take();
    if (query.descending)
      range.to = std::min(range.to, key);
    else
      range.from = std::max(range.from, key + '\0');
  }
  StreamPage page;
  if (range.from >= range.to) return page;
  ALOFT_ASSIGN(kv::ScanPage scanned, store.Scan(kStreamSpace, range));
  for (const kv::Entry& entry : scanned.entries) {
    ALOFT_ASSIGN(FoundStream stream, DecodeFoundStream(group, entry));
    page.streams.push_back(Present(stream));
  }
  if (scanned.more) page.next_token = MakeToken(page.streams.back().name);
  return page;
}

// The order of "by last event": streams without events come first, equals by name.
std::string LastEventOrder(const LogStream& stream) {
  return KeyWriter().Number(stream.last_event ? MillisOf(*stream.last_event) : 0).Text(stream.name).Take();
}

Result<StreamPage> StreamsByLastEvent(kv::Store& store, const FoundGroup& group, const StreamQuery& query) {
  kv::ScanRange range;
  range.from = GroupContents(group);
  range.to = PrefixEnd(range.from);
  range.limit = kScanPage;
  std::string after;
  if (!query.token.empty()) {
    ALOFT_ASSIGN(after, OpenToken(query.token));
  }
  auto before = [&](const LogStream& a, const LogStream& b) {
    return query.descending ? LastEventOrder(b) < LastEventOrder(a) : LastEventOrder(a) < LastEventOrder(b);
  };
  StreamPage page;
  for (std::size_t seen = 0;;) {
    ALOFT_ASSIGN(kv::ScanPage scanned, store.Scan(kStreamSpace, range));
    seen += scanned.entries.size();
    if (seen > kMaxStreamsSorted)
      return Fail(kQueryTooLarge, "The log group has too many streams to order by last event time; order by name");
    for (const kv::Entry& entry : scanned.entries) {
      ALOFT_ASSIGN(FoundStream stream, DecodeFoundStream(group, entry));
      LogStream present = Present(stream);
      std::string order = LastEventOrder(present);
      if (!after.empty() && (query.descending ? order >= after : order <= after)) continue;
      page.streams.push_back(std::move(present));
    }
    std::sort(page.streams.begin(), page.streams.end(), before);
    if (page.streams.size() > query.limit + 1) page.streams.resize(query.limit + 1);
    if (!scanned.more) break;
    range.from = scanned.entries.back().key + '\0';
  }
  if (page.streams.size() > query.limit) {
    page.streams.resize(query.limit);
    page.next_token = MakeToken(LastEventOrder(page.streams.back()));
  }
  return page;
}

}  // namespace

Result<StreamPage> LogStore::DescribeStreams(const Scope& scope, const std::string& group, const StreamQuery& query) {
  if (query.by_last_event && !query.prefix.empty())
    return Fail(kInvalidParameter, "Cannot order by LastEventTime with a logStreamNamePrefix.");
  ALOFT_ASSIGN(FoundGroup found, LoadGroup(store_, scope, group));
  return query.by_last_event ? StreamsByLastEvent(store_, found, query) : StreamsByName(store_, found, query);
}

}  // namespace aloft::telemetry
