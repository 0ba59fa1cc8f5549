#include "foundation/kv/rocks_outbox.h"

#include <rocksdb/iterator.h>

#include "foundation/kv/rocks_format.h"

namespace aloft::kv {
namespace {

// Entries looked at in one call, so that a filter that matches nothing does not hold an iterator for long.
constexpr std::size_t kMaxVisited = 10'000;
constexpr std::size_t kMaxPageBytes = 4u << 20;
constexpr std::uint64_t kMaxTrimmed = 1000;

rocksdb::Slice ToSlice(std::string_view text) {
  return {text.data(), text.size()};
}

std::string OutboxKey(std::string_view position) {
  return std::string(kOutboxPrefix).append(position);
}

// What one announcement weighs against OutboxRetention::max_bytes.
std::uint64_t Cost(std::string_view topic, std::string_view key, std::string_view record) {
  return topic.size() + key.size() + record.size() + 64;
}

Error BrokenAnnouncement() {
  return Fail(kCorrupt, "A stored announcement cannot be read.");
}

}  // namespace

RocksOutbox::RocksOutbox(rocksdb::DB& db, std::function<Error(const rocksdb::Status&)> fail)
    : db_(db), fail_(std::move(fail)) {}

Status RocksOutbox::Load() {
  std::string stored;
  rocksdb::Status got = db_.Get({}, ToSlice(kTrimmedKey), &stored);
  if (!got.ok() && !got.IsNotFound()) return fail_(got);
  if (got.ok()) trimmed_ = stored;
  got = db_.Get({}, ToSlice(kVersionKey), &stored);
  if (!got.ok() && !got.IsNotFound()) return fail_(got);
  if (got.ok() && stored.size() == 8) settled_ = ReadBigEndian(stored);

  rocksdb::ReadOptions options;
  rocksdb::Slice upper = ToSlice(kOutboxEnd);
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> last(db_.NewIterator(options));
  last->SeekToLast();
  if (last->Valid() && last->key().starts_with(ToSlice(kOutboxPrefix))) {
    auto announcement = DecodeAnnouncement(last->value().ToStringView());
    if (!announcement) return BrokenAnnouncement();
    settled_end_ = announcement->end;
  }
  appended_end_ = settled_end_;
  if (!last->status().ok()) return fail_(last->status());
  return {};
}

void RocksOutbox::Append(rocksdb::WriteBatch& into, Version version,
                         const std::vector<Batch::Announcement>& announcements) {
  Time now = clock_.Now();
  std::uint32_t index = 0;
  for (const Batch::Announcement& each : announcements) {
    appended_end_ += Cost(each.topic, each.key, each.record);
    into.Put(OutboxKey(EncodePosition(version, index++)),
             EncodeAnnouncement({now, appended_end_, each.topic, each.key, each.record}));
  }
}

void RocksOutbox::Committed(Version settled, bool announced) {
  std::lock_guard lock(mutex_);
  settled_ = settled;
  settled_end_ = appended_end_;
  if (announced && waker_) waker_();
}

Result<sql::OutboxPage> RocksOutbox::Read(const sql::OutboxPosition& after, std::string_view topic_prefix,
                                          std::size_t limit) {
  {
    std::lock_guard lock(mutex_);
    if (after < trimmed_) return Fail(sql::kCursorExpired, "The announcements after this cursor are forgotten.");
  }
  sql::OutboxPage page;
  page.next = after;
  rocksdb::ReadOptions options;
  rocksdb::Slice upper = ToSlice(kOutboxEnd);
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator(options));
  std::string from = OutboxKey(after);
  it->Seek(from);
  if (it->Valid() && it->key() == from) it->Next();
  std::size_t visited = 0, bytes = 0;
  for (; it->Valid(); it->Next()) {
    if (page.entries.size() >= limit || bytes >= kMaxPageBytes || ++visited > kMaxVisited) {
      page.more = true;
      break;
    }
    auto announcement = DecodeAnnouncement(it->value().ToStringView());
    if (!announcement) return BrokenAnnouncement();
    std::string position = it->key().ToString().substr(kOutboxPrefix.size());
    if (announcement->topic.starts_with(topic_prefix)) {
      bytes += announcement->record.size() + announcement->key.size();
      page.entries.push_back({position, announcement->at, std::string(announcement->topic),
                              std::string(announcement->key), std::string(announcement->record)});
    }
    page.next = std::move(position);
  }
  if (!it->status().ok()) return fail_(it->status());
  // The iterator's snapshot was taken after the first look: a trim in between may have eaten what was due.
  std::lock_guard lock(mutex_);
  if (after < trimmed_) return Fail(sql::kCursorExpired, "The announcements after this cursor are forgotten.");
  return page;
}

Result<sql::OutboxPosition> RocksOutbox::End() {
  std::lock_guard lock(mutex_);
  return settled_ == kAbsent ? sql::OutboxPosition() : EncodePosition(settled_, UINT32_MAX);
}

Result<std::uint64_t> RocksOutbox::Trim(const sql::OutboxRetention& retention) {
  sql::OutboxPosition trimmed;
  std::uint64_t end = 0;
  {
    std::lock_guard lock(mutex_);
    trimmed = trimmed_;
    end = settled_end_;
  }
  rocksdb::ReadOptions options;
  rocksdb::Slice upper = ToSlice(kOutboxEnd);
  options.iterate_upper_bound = &upper;
  std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator(options));
  rocksdb::WriteBatch batch;
  std::uint64_t count = 0;
  for (it->Seek(OutboxKey(trimmed)); it->Valid() && count < kMaxTrimmed; it->Next()) {
    auto announcement = DecodeAnnouncement(it->value().ToStringView());
    if (!announcement) return BrokenAnnouncement();
    std::uint64_t begin = announcement->end - Cost(announcement->topic, announcement->key, announcement->record);
    bool too_much = end > begin && end - begin > retention.max_bytes;
    if (announcement->at >= retention.older_than && !too_much) break;
    trimmed = it->key().ToString().substr(kOutboxPrefix.size());
    batch.Delete(it->key());
    ++count;
  }
  if (!it->status().ok()) return fail_(it->status());
  if (count == 0) return count;
  batch.Put(ToSlice(kTrimmedKey), trimmed);
  {
    // First, so that no reader takes the gap for the whole.
    std::lock_guard lock(mutex_);
    trimmed_ = trimmed;
  }
  // Not synced: losing it only brings forgotten announcements back.
  rocksdb::Status written = db_.Write({}, &batch);
  if (!written.ok()) return fail_(written);
  return count;
}

Result<sql::OutboxPosition> RocksOutbox::LoadCursor(std::string_view name) {
  std::string stored;
  rocksdb::Status got = db_.Get({}, std::string(kCursorPrefix).append(name), &stored);
  if (got.IsNotFound()) return sql::OutboxPosition();
  if (!got.ok()) return fail_(got);
  return stored;
}

Status RocksOutbox::SaveCursor(std::string_view name, const sql::OutboxPosition& position) {
  // Not synced: losing it only delivers again.
  rocksdb::Status put = db_.Put({}, std::string(kCursorPrefix).append(name), position);
  if (!put.ok()) return fail_(put);
  return {};
}

void RocksOutbox::SetWaker(std::function<void()> waker) {
  std::lock_guard lock(mutex_);
  waker_ = std::move(waker);
}

}  // namespace aloft::kv
