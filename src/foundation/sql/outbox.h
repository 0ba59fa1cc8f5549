// What a store keeps of its announcements until every subscriber has had time to read them. foundation/feed is the
// reader; rooms use that, not this.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::sql {

// Ordered as bytes, opaque otherwise. Empty: before everything.
using OutboxPosition = std::string;

// The reader slept through the retention: load a snapshot, then follow from the outbox's End().
inline constexpr Reason kCursorExpired{ErrorKind::kConflict, "CursorExpired"};

struct Announcement {
  OutboxPosition position;
  Time at;  // of the commit, roughly: by the clock of whoever wrote it
  std::string topic, key, record;
};

struct OutboxPage {
  std::vector<Announcement> entries;  // ascending
  OutboxPosition next;                // read on after this; beyond the last entry where the filter left some out
  bool more = false;                  // there was more than one page
};

struct OutboxRetention {
  Time older_than{};                     // forget what was announced before
  std::uint64_t max_bytes = UINT64_MAX;  // forget the oldest beyond this many bytes
};

// Thread-safe. Every call blocks for the store.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // At most `limit` announcements after `after` with a topic that begins with `topic_prefix`. Only what is settled: no
  // announcement can ever appear before one that was returned. kCursorExpired where some after `after` are forgotten.
  virtual Result<OutboxPage> Read(const OutboxPosition& after, std::string_view topic_prefix, std::size_t limit) = 0;
  // The position after everything that is settled now.
  virtual Result<OutboxPosition> End() = 0;
  // Returns how many were forgotten; bounded work per call, so repeat until it returns 0.
  virtual Result<std::uint64_t> Trim(const OutboxRetention& retention) = 0;
  // Durable positions by name; empty where never saved.
  virtual Result<OutboxPosition> LoadCursor(std::string_view name) = 0;
  virtual Status SaveCursor(std::string_view name, const OutboxPosition& position) = 0;
  // Called after each commit of this process that announced something; must return at once. Empty: nobody.
  virtual void SetWaker(std::function<void()> waker) = 0;
};

}  // namespace aloft::sql
