// The memory engine: for tests of the rooms above, and the model that the other engines are held against.
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "foundation/base/fault_point.h"
#include "foundation/kv/engines.h"
#include "foundation/kv/position.h"

namespace aloft::kv {
namespace {

class MemoryOutbox final : public sql::Outbox {
 public:
  void Append(Version version, std::vector<Batch::Announcement> announcements) {
    std::lock_guard lock(mutex_);
    std::uint32_t index = 0;
    for (Batch::Announcement& each : announcements) {
      kept_.push_back({EncodePosition(version, index++), clock_.Now(), std::move(each.topic), std::move(each.key),
                       std::move(each.record)});
      bytes_ += Cost(kept_.back());
    }
    if (waker_) waker_();
  }

  Result<sql::OutboxPage> Read(const sql::OutboxPosition& after, std::string_view topic_prefix,
                               std::size_t limit) override {
    std::lock_guard lock(mutex_);
    if (after < trimmed_) return Fail(sql::kCursorExpired, "The announcements after this cursor are forgotten.");
    sql::OutboxPage page;
    page.next = after;
    for (const sql::Announcement& each : kept_) {
      if (each.position <= after) continue;
      if (each.topic.starts_with(topic_prefix)) {
        if (page.entries.size() == limit) {
          page.more = true;
          break;
        }
        page.entries.push_back(each);
      }
      page.next = each.position;
    }
    return page;
  }

  Result<sql::OutboxPosition> End() override {
    std::lock_guard lock(mutex_);
    return kept_.empty() ? trimmed_ : kept_.back().position;
  }

  Result<std::uint64_t> Trim(const sql::OutboxRetention& retention) override {
    std::lock_guard lock(mutex_);
    std::uint64_t count = 0;
    while (!kept_.empty() && (kept_.front().at < retention.older_than || bytes_ > retention.max_bytes)) {
      trimmed_ = kept_.front().position;
      bytes_ -= Cost(kept_.front());
      kept_.pop_front();
      ++count;
    }
    return count;
  }

  Result<sql::OutboxPosition> LoadCursor(std::string_view name) override {
    std::lock_guard lock(mutex_);
    auto found = cursors_.find(name);
    return found == cursors_.end() ? sql::OutboxPosition() : found->second;
  }

  Status SaveCursor(std::string_view name, const sql::OutboxPosition& position) override {
    std::lock_guard lock(mutex_);
    cursors_[std::string(name)] = position;
    return {};
  }

  void SetWaker(std::function<void()> waker) override {
    std::lock_guard lock(mutex_);
    waker_ = std::move(waker);
  }

 private:
  static std::uint64_t Cost(const sql::Announcement& each) {
    return each.topic.size() + each.key.size() + each.record.size() + 64;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::deque<sql::Announcement> kept_;
  std::uint64_t bytes_ = 0;
  sql::OutboxPosition trimmed_;
  std::map<std::string, sql::OutboxPosition, std::less<>> cursors_;
  std::function<void()> waker_;
};

class MemoryStore final : public Store {
 public:
  Result<std::optional<Entry>> Get(std::string_view space, std::string_view key) override {
    ALOFT_TRY(CheckKey(space, key));
    std::lock_guard lock(mutex_);
    const Cell* cell = Find(space, key);
    if (cell == nullptr) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(key), cell->value, cell->version});
  }

  Result<ScanPage> Scan(std::string_view space, const ScanRange& range) override {
    ALOFT_TRY(CheckKey(space, {}));
    std::lock_guard lock(mutex_);
    PageBuilder page(range);
    auto found = spaces_.find(space);
    if (found == spaces_.end() || (!range.to.empty() && range.to <= range.from)) return page.Take();
    const Cells& cells = found->second;
    auto begin = cells.lower_bound(range.from);
    auto end = range.to.empty() ? cells.end() : cells.lower_bound(range.to);
    if (range.reverse) {
      while (end != begin) {
        --end;
        if (!page.Add(end->first, end->second.value, end->second.version)) break;
      }
    } else {
      for (auto it = begin; it != end && page.Add(it->first, it->second.value, it->second.version);) ++it;
    }
    return page.Take();
  }

  Result<Version> Apply(Batch batch) override {
    ALOFT_TRY(CheckBatch(batch));
    if (auto error = FaultError("kv.apply")) return *error;
    std::lock_guard lock(mutex_);
    for (const Batch::Expectation& expectation : batch.expectations) {
      const Cell* cell = Find(expectation.space, expectation.key);
      if ((cell == nullptr ? kAbsent : cell->version) != expectation.version) return VersionMismatch();
    }
    if (batch.writes.empty() && batch.announcements.empty()) return version_;
    ++version_;
    for (Batch::Write& write : batch.writes) {
      if (write.value)
        spaces_[std::move(write.space)][std::move(write.key)] = {std::move(*write.value), version_};
      else
        spaces_[write.space].erase(write.key);
    }
    if (!batch.announcements.empty()) outbox_.Append(version_, std::move(batch.announcements));
    return version_;
  }

  sql::Outbox& outbox() override { return outbox_; }

 private:
  struct Cell {
    std::string value;
    Version version = kAbsent;
  };
  using Cells = std::map<std::string, Cell, std::less<>>;

  const Cell* Find(std::string_view space, std::string_view key) const {
    auto cells = spaces_.find(space);
    if (cells == spaces_.end()) return nullptr;
    auto cell = cells->second.find(key);
    return cell == cells->second.end() ? nullptr : &cell->second;
  }

  std::mutex mutex_;
  std::map<std::string, Cells, std::less<>> spaces_;
  Version version_ = kAbsent;
  MemoryOutbox outbox_;
};

}  // namespace

std::unique_ptr<Store> OpenMemoryStore() {
  return std::make_unique<MemoryStore>();
}

}  // namespace aloft::kv
