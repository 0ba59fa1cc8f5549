#include "foundation/kv/rocks_writer.h"

#include "foundation/base/fault_point.h"
#include "foundation/kv/engines.h"
#include "foundation/kv/rocks_format.h"

namespace aloft::kv {
namespace {

constexpr std::size_t kMaxGroupBytes = 8u << 20;
// What a batch takes of the log beside its values, about: keys, versions, its announcement.
constexpr std::size_t kBytesBeside = 1024;
// So many changed keys are remembered; a group adds up to a few thousand.
constexpr std::size_t kMaxChanged = 4096;

// The value lies in the batch without a copy of its own before.
void PutValue(rocksdb::WriteBatch& batch, const std::string& key, Version version, const std::string& value) {
  const std::string header = EncodeValue(version, {});
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {header, value};
  batch.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2));
}

}  // namespace

RocksWriter::RocksWriter(rocksdb::DB& db, RocksOutbox& outbox, RecordCache& cache, RocksHealth& health,
                         VersionOf version_of, Version last)
    : db_(db),
      outbox_(outbox),
      cache_(cache),
      health_(health),
      version_of_(std::move(version_of)),
      committed_(last),
      last_version_(last),
      changed_since_(last),
      queue_({.max_group = 512, .max_weight = kMaxGroupBytes}),
      commit_thread_([this](std::span<const std::unique_ptr<Pending>> group) { CommitGroup(group); }, {}) {}

Result<Version> RocksWriter::Apply(Batch batch) {
  Pending pending;
  pending.batch = std::move(batch);
  ALOFT_TRY(Look(pending));
  Pending* one = &pending;
  ALOFT_TRY(CommitAll({&one, 1}));
  if (pending.error) return std::move(*pending.error);
  return pending.version;
}

void RocksWriter::ApplySoon(Batch batch, std::function<void(Result<Version>)> done) {
  auto pending = std::make_unique<Pending>();
  pending->batch = std::move(batch);
  if (auto looked = Look(*pending); !looked.ok()) return done(std::move(looked).error());
  pending->done = std::move(done);
  if (commit_thread_.Give(pending)) return;
  pending->done(Fail(kUnavailable, "Too many writes are waiting; try again later."));
}

// What can be refused outside the queue is; brings the blocks into the cache for the check that counts.
Status RocksWriter::Look(Pending& pending) {
  ALOFT_TRY(CheckBatch(pending.batch));
  if (auto error = FaultError("kv.apply")) return *error;
  pending.seen = committed_.load(std::memory_order_acquire);
  pending.keys.reserve(pending.batch.expectations.size());
  for (const Batch::Expectation& expectation : pending.batch.expectations) {
    pending.keys.emplace_back(RecordKey(expectation.space, expectation.key));
    ALOFT_ASSIGN(Version version, version_of_(pending.keys.back()));
    if (version != expectation.version) return VersionMismatch();
  }
  pending.places.reserve(pending.batch.writes.size());
  for (const Batch::Write& write : pending.batch.writes) {
    pending.places.emplace_back(RecordKey(write.space, write.key));
    pending.weight += write.value ? write.value->size() : 0;
  }
  return {};
}

// Blocks until all were committed, or refused; each has its own outcome where this is ok.
Status RocksWriter::CommitAll(std::span<Pending* const> batches) {
  Ticket ticket;
  ticket.batches = batches;
  for (const Pending* each : batches) ticket.weight += each->weight;
  return queue_.Run(ticket, [this](std::span<sql::CommitQueue::Ticket* const> group) { Commit(group); });
}

// On the commit thread.
void RocksWriter::CommitGroup(std::span<const std::unique_ptr<Pending>> group) {
  std::vector<Pending*> batches;
  batches.reserve(group.size());
  for (const auto& each : group) batches.push_back(each.get());
  const Status ran = CommitAll(batches);
  for (Pending* each : batches) {
    auto done = std::move(each->done);
    if (!ran.ok())
      done(ran.error());
    else if (each->error)
      done(std::move(*each->error));
    else
      done(each->version);
  }
}

// One thread at a time: the leader's. `last_version_` is its own.
void RocksWriter::Commit(std::span<sql::CommitQueue::Ticket* const> tickets) {
  if (changed_.size() > kMaxChanged) {
    changed_.clear();
    changed_since_ = last_version_;
  }
  std::vector<Pending*> group;
  std::size_t bytes = 0;
  for (sql::CommitQueue::Ticket* ticket : tickets)
    for (Pending* each : static_cast<Ticket*>(ticket)->batches) {
      group.push_back(each);
      bytes += each->weight + kBytesBeside;
    }
  rocksdb::WriteBatch batch(bytes);
  std::vector<Written> written;
  bool announced = false;
  for (Pending* each : group) {
    if (auto error = Check(*each)) {
      each->error = std::move(error);
      continue;
    }
    each->version = last_version_;
    if (each->batch.writes.empty() && each->batch.announcements.empty()) continue;
    each->version = ++last_version_;
    for (std::size_t i = 0; i < each->batch.writes.size(); ++i) Add(*each, i, batch, written);
    outbox_.Append(batch, each->version, each->batch.announcements);
    announced = announced || !each->batch.announcements.empty();
  }
  if (batch.Count() == 0) return;
  std::string version;
  AppendBigEndian(version, last_version_);
  batch.Put(rocksdb::Slice(kVersionKey.data(), kVersionKey.size()), version);
  for (Written& each : written) each.was_cached = cache_.Leave(each.key);
  const Status stored = Write(batch);
  for (const Written& each : written)
    cache_.Enter(each.key, each.was_cached, stored.ok() ? each.value : nullptr, each.version);
  if (!stored.ok()) {
    // What was noted did not happen. Nobody has seen a state as new as this version before the next write succeeds.
    changed_.clear();
    changed_since_ = last_version_;
    for (Pending* each : group) each->error = stored.error();
  } else {
    committed_.store(last_version_, std::memory_order_release);
    outbox_.Committed(last_version_, announced);
  }
}

// One write of a batch, and what is remembered of it. The last write of a key in a group is the one that counts.
void RocksWriter::Add(Pending& pending, std::size_t index, rocksdb::WriteBatch& batch, std::vector<Written>& written) {
  const Batch::Write& write = pending.batch.writes[index];
  PlacedKey& key = pending.places[index];
  if (write.value)
    PutValue(batch, key.text, pending.version, *write.value);
  else
    batch.Delete(key.text);
  const std::string* value = write.value ? &*write.value : nullptr;
  const auto noted = changed_.try_emplace(std::move(key)).first;
  Changed& changed = noted->second;
  changed.version = write.value ? pending.version : kAbsent;
  if (changed.written < written.size() && &written[changed.written].key == &noted->first) {
    written[changed.written].value = value;
    written[changed.written].version = pending.version;
  } else {
    changed.written = written.size();
    written.push_back({noted->first, value, pending.version});
  }
}

// By the changes noted since the batch was looked at first; it is read again only where they do not go back so far.
std::optional<Error> RocksWriter::Check(const Pending& pending) {
  for (std::size_t i = 0; i < pending.keys.size(); ++i) {
    auto found = changed_.find(pending.keys[i]);
    Version version = pending.batch.expectations[i].version;
    if (found != changed_.end()) {
      version = found->second.version;
    } else if (pending.seen < changed_since_) {
      auto stored = version_of_(pending.keys[i]);
      if (!stored.ok()) return std::move(stored).error();
      version = *stored;
    }
    if (version != pending.batch.expectations[i].version) return VersionMismatch();
  }
  return std::nullopt;
}

Status RocksWriter::Write(rocksdb::WriteBatch& batch) {
  ALOFT_TRY(health_.TakesWrites());
  if (auto error = FaultError("kv.write")) return health_.Failed(rocksdb::Status::IOError(error->detail));
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::Status written = db_.Write(options, &batch);
  // Others can fill the disk to its end. It goes away: RocksDB looks for room every five seconds and goes on by
  // itself. (Resume() is no help: it waits for ever where the flush that it starts finds the disk still full.)
  if (written.ok()) return {};
  return health_.Failed(written);
}

}  // namespace aloft::kv
