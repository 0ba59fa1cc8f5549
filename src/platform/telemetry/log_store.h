// Log groups, streams and events on kv: what AWS calls CloudWatch Logs, without its wire.
//
// Every call is local and bounded: it reads at most a page, so that a pool thread may make it. Thread-safe. Events of
// one stream are ordered by timestamp, then by arrival. Formats: docs/formats/telemetry.md.
//
//   ALOFT_TRY(logs.PutEvents(scope, "group", "stream", events));
//   ALOFT_ASSIGN(LogPage page, logs.GetEvents(scope, "group", "stream", {.from_head = true}));
//   page = *logs.GetEvents(scope, "group", "stream", {.token = page.next_forward_token});   // until events is empty
#pragma once

#include <span>

#include "foundation/base/clock.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/kv/store.h"
#include "platform/telemetry/types.h"

namespace aloft::telemetry {

struct GroupQuery {
  std::string prefix{};   // of the name
  std::string pattern{};  // a substring, ignoring case; not together with prefix
  std::size_t limit = 50;
  std::string token{};
};
struct GroupPage {
  std::vector<LogGroup> groups{};
  std::string next_token{};  // empty on the last page
};

struct StreamQuery {
  std::string prefix{};  // of the name; not together with by_last_event
  bool by_last_event = false;
  bool descending = false;
  std::size_t limit = 50;
  std::string token{};
};
struct StreamPage {
  std::vector<LogStream> streams{};
  std::string next_token{};  // empty on the last page
};

// Which events were not taken, by index into what was sent. Absent: none.
struct PutResult {
  std::optional<int> too_new_start{};  // from here on: more than two hours ahead
  std::optional<int> too_old_end{};    // before this: older than 14 days
  std::optional<int> expired_end{};    // before this: older than the group's retention
};

struct EventQuery {
  std::optional<Time> start{};  // inclusive
  std::optional<Time> end{};    // exclusive
  bool from_head = false;       // without a token: oldest first, else the newest page
  std::size_t limit = 10'000;
  std::string token{};  // of an earlier page; decides position and direction
};
struct LogPage {
  std::vector<StoredLogEvent> events{};  // oldest first, at most 1 MiB
  // Always present. The page after the last is empty and repeats the token that it was asked with.
  std::string next_forward_token, next_backward_token;
};

struct FilterQuery {
  std::vector<std::string> streams{};  // at most 100; empty: all
  std::string stream_prefix{};         // not together with streams
  std::optional<Time> start{};         // inclusive
  std::optional<Time> end{};           // inclusive
  std::string pattern{};               // filter_pattern.h
  std::size_t limit = 10'000;
  std::string token{};
};
struct FilterPage {
  std::vector<StoredLogEvent> events{};  // by time; may be empty though the search goes on
  std::string next_token{};              // empty: the search is complete
};

class LogStore {
 public:
  LogStore(kv::Store& store, Clock& clock, Random& random);

  Status CreateGroup(const Scope& scope, const std::string& group, std::string log_group_class = "STANDARD");
  Status DeleteGroup(const Scope& scope, const std::string& group);
  Result<LogGroup> FindGroup(const Scope& scope, const std::string& group);
  Result<GroupPage> DescribeGroups(const Scope& scope, const GroupQuery& query);
  // Absent days: keep for ever. Which numbers of days are allowed is the API's rule.
  Status SetRetention(const Scope& scope, const std::string& group, std::optional<int> days);

  Status CreateStream(const Scope& scope, const std::string& group, const std::string& stream);
  Status DeleteStream(const Scope& scope, const std::string& group, const std::string& stream);
  Result<LogStream> FindStream(const Scope& scope, const std::string& group, const std::string& stream);
  Result<StreamPage> DescribeStreams(const Scope& scope, const std::string& group, const StreamQuery& query);

  // Events in order of time, at most 10,000, 1 MiB (26 bytes counted for each) and 24 hours apart.
  Result<PutResult> PutEvents(const Scope& scope, const std::string& group, const std::string& stream,
                              std::span<const LogEvent> events);
  Result<LogPage> GetEvents(const Scope& scope, const std::string& group, const std::string& stream,
                            const EventQuery& query);
  Result<FilterPage> FilterEvents(const Scope& scope, const std::string& group, const FilterQuery& query);

  // Stores what a source calls positions [from, to), once, however often it is repeated: events are taken only where
  // `from` is the position acknowledged so far. Makes the group and the stream where they are absent. Times are moved
  // up, so that a follower of the stream misses nothing. Returns the position that is acknowledged now: the caller goes
  // on there.
  Result<std::uint64_t> AppendAt(const Scope& scope, const std::string& group, const std::string& stream,
                                 std::uint64_t from, std::uint64_t to, std::span<const LogEvent> events);

  // Removes up to about `limit` events that are deleted or past retention; returns how many. Call it now and
  // then, from one thread at a time.
  Result<std::size_t> Sweep(std::size_t limit);

 private:
  kv::Store& store_;
  Clock& clock_;
  Random& random_;
  std::string sweep_cursor_;
};

}  // namespace aloft::telemetry
