// RocksDB, embedded. Writers form groups: the first in the queue commits for all that wait behind it, so many batches
// share one fsync, expectations are checked in one order, and versions and announcements appear in the order of commit.
#include <sys/statvfs.h>

#include <rocksdb/db.h>

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "foundation/base/fault_point.h"
#include "foundation/kv/apply_soon.h"
#include "foundation/kv/commit_thread.h"
#include "foundation/kv/engines.h"
#include "foundation/kv/record_cache.h"
#include "foundation/kv/rocks_format.h"
#include "foundation/kv/rocks_options.h"
#include "foundation/kv/rocks_outbox.h"
#include "foundation/os/file.h"
#include "foundation/os/must_not_block.h"
#include "foundation/sql/commit_queue.h"

namespace aloft::kv {
namespace {

constexpr std::size_t kMaxGroupBytes = 8u << 20;
// What stays free for what is not written yet but acknowledged: memtables to flush, files to merge. RocksDB 7.8 as
// Debian builds it, with assertions, may end the process where a flush meets a full disk.
constexpr std::uint64_t kReservedBytes = 64u << 20;

// What a batch takes of the log beside its values, about: keys, versions, its announcement.
constexpr std::size_t kBytesBeside = 1024;
// So many changed keys are remembered; a group adds up to a few thousand.
constexpr std::size_t kMaxChanged = 4096;

rocksdb::Slice ToSlice(std::string_view text) {
  return {text.data(), text.size()};
}

// Where nobody may wait memtables and cached blocks only: "incomplete" is the answer that a file would have to be read.
rocksdb::ReadOptions ReadHere() {
  rocksdb::ReadOptions options;
  if (os::MustNotBlock::Current() != nullptr) options.read_tier = rocksdb::kBlockCacheTier;
  return options;
}

// The value lies in the batch without a copy of its own before.
void PutValue(rocksdb::WriteBatch& batch, const std::string& key, Version version, const std::string& value) {
  const std::string header = EncodeValue(version, {});
  const rocksdb::Slice key_part(key);
  const rocksdb::Slice value_parts[] = {header, value};
  batch.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts, 2));
}

class RocksStore final : public Store, public SoonApplier {
 public:
  RocksStore(Log log, std::size_t cache_bytes) : log_(std::move(log)), cache_(cache_bytes / 4) {}

  ~RocksStore() override {
    commit_thread_.Stop();
    outbox_.reset();
    if (db_ != nullptr) static_cast<void>(db_->Close());
  }

  Status Open(const Options& options) {
    path_ = options.path;
    rocksdb::Options rocks = RocksOptions(options);
    rocksdb::DB* opened = nullptr;
    rocksdb::Status status;
    if (options.read_only) {
      rocks.create_if_missing = false;
      rocks.max_open_files = -1;  // all at once: the writer may remove one later
      status = rocksdb::DB::OpenForReadOnly(rocks, options.path, &opened);
    } else {
      ALOFT_TRY(os::MakeDirectories(options.path, 0700));
      status = rocksdb::DB::Open(rocks, options.path, &opened);
    }
    if (!status.ok()) {
      if (status.IsIOError() && status.ToString().find("lock") != std::string::npos)
        return Fail(kUnavailable, "The key-value store is open in another process.", status.ToString());
      return Fail(status.IsCorruption() ? kCorrupt : kIoError, "The key-value store cannot be opened.",
                  options.path + ": " + status.ToString());
    }
    db_.reset(opened);
    outbox_ = std::make_unique<RocksOutbox>(*db_, [this](const rocksdb::Status& failed) { return Failed(failed); });
    read_only_ = options.read_only;
    ALOFT_TRY(LoadFormat());
    return outbox_->Load();
  }

  Result<std::optional<Entry>> Get(std::string_view space, std::string_view key) override {
    ALOFT_TRY(CheckKey(space, key));
    const std::string place = RecordKey(space, key);
    RecordCache::Ticket ticket;
    if (auto known = cache_.Lookup(place, ticket))
      return std::optional<Entry>(Entry{std::string(key), *known->value, known->version});
    rocksdb::PinnableSlice stored;
    rocksdb::Status got = db_->Get(ReadHere(), db_->DefaultColumnFamily(), place, &stored);
    if (got.IsNotFound()) return std::optional<Entry>();
    if (got.IsIncomplete()) ALOFT_TRY(os::MayBlock());
    if (!got.ok()) return Failed(got);
    auto value = DecodeValue(stored.ToStringView());
    if (!value) return Failed(rocksdb::Status::Corruption("a record's value"));
    cache_.Keep(ticket, place, value->value, value->version);
    return std::optional<Entry>(Entry{std::string(key), std::string(value->value), value->version});
  }

  Result<ScanPage> Scan(std::string_view space, const ScanRange& range) override {
    ALOFT_TRY(os::MayBlock());
    ALOFT_TRY(CheckKey(space, {}));
    PageBuilder page(range);
    if (!range.to.empty() && range.to <= range.from) return page.Take();
    std::string from = RecordKey(space, range.from);
    std::string to = range.to.empty() ? SpaceEnd(space) : RecordKey(space, range.to);
    rocksdb::Slice lower(from), upper(to);
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower;
    options.iterate_upper_bound = &upper;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    range.reverse ? it->SeekToLast() : it->SeekToFirst();
    while (it->Valid()) {
      auto value = DecodeValue(it->value().ToStringView());
      if (!value) return Failed(rocksdb::Status::Corruption("a record's value"));
      if (!page.Add(it->key().ToStringView().substr(1 + space.size()), value->value, value->version)) break;
      range.reverse ? it->Prev() : it->Next();
    }
    if (!it->status().ok()) return Failed(it->status());
    return page.Take();
  }

  Result<Version> Apply(Batch batch) override {
    ALOFT_TRY(os::MayBlock());
    Pending pending;
    pending.batch = std::move(batch);
    ALOFT_TRY(Look(pending));
    Pending* one = &pending;
    ALOFT_TRY(CommitAll({&one, 1}));
    if (pending.error) return std::move(*pending.error);
    return pending.version;
  }

  void ApplySoon(Batch batch, std::function<void(Result<Version>)> done) override {
    auto pending = std::make_unique<Pending>();
    pending->batch = std::move(batch);
    if (auto looked = Look(*pending); !looked.ok()) return done(std::move(looked).error());
    pending->done = std::move(done);
    if (commit_thread_.Give(pending)) return;
    pending->done(Fail(kUnavailable, "Too many writes are waiting; try again later."));
  }

  sql::Outbox& outbox() override { return *outbox_; }

 private:
  struct Pending {
    Batch batch;
    std::vector<std::string> keys;  // of its expectations, which held of a state as new as `seen`
    Version seen = kAbsent;
    std::size_t weight = 0;
    std::optional<Error> error;
    Version version = kAbsent;
    std::function<void(Result<Version>)> done{};  // where nobody waits
  };

  // The batches of one caller: its own, or those that the commit thread gathered.
  struct Ticket : sql::CommitQueue::Ticket {
    std::span<Pending* const> batches;
  };

  struct Written {
    const std::string& key;    // of `changed_`
    const std::string* value;  // null: deleted
    Version version;
  };

  Status LoadFormat() {
    std::string stored;
    rocksdb::Status got = db_->Get({}, ToSlice(kFormatKey), &stored);
    if (got.IsNotFound()) {
      if (read_only_) return Fail(kInvalidArgument, "There is no key-value store here.");
      std::string format;
      AppendBigEndian(format, kRocksFormat);
      rocksdb::WriteOptions synced;
      synced.sync = true;
      rocksdb::Status put = db_->Put(synced, ToSlice(kFormatKey), format);
      if (!put.ok()) return Failed(put);
      return {};
    }
    if (!got.ok()) return Failed(got);
    if (stored.size() != 8) return Failed(rocksdb::Status::Corruption("the format's number"));
    if (ReadBigEndian(stored) > kRocksFormat)
      return Fail(kInvalidArgument, "The key-value store was written by a newer Aloft; start that one.");
    got = db_->Get({}, ToSlice(kVersionKey), &stored);
    if (got.IsNotFound()) return {};
    if (!got.ok()) return Failed(got);
    if (stored.size() != 8) return Failed(rocksdb::Status::Corruption("the last version"));
    last_version_ = changed_since_ = ReadBigEndian(stored);
    committed_ = last_version_;
    return {};
  }

  // What can be refused outside the queue is; brings the blocks into the cache for the check that counts.
  Status Look(Pending& pending) {
    ALOFT_TRY(CheckBatch(pending.batch));
    if (auto error = FaultError("kv.apply")) return *error;
    pending.seen = committed_.load(std::memory_order_acquire);
    pending.keys.reserve(pending.batch.expectations.size());
    for (const Batch::Expectation& expectation : pending.batch.expectations) {
      pending.keys.push_back(RecordKey(expectation.space, expectation.key));
      ALOFT_ASSIGN(Version version, StoredVersion(pending.keys.back()));
      if (version != expectation.version) return VersionMismatch();
    }
    for (const Batch::Write& write : pending.batch.writes) pending.weight += write.value ? write.value->size() : 0;
    return {};
  }

  // Blocks until all were committed, or refused; each has its own outcome where this is ok.
  Status CommitAll(std::span<Pending* const> batches) {
    Ticket ticket;
    ticket.batches = batches;
    for (const Pending* each : batches) ticket.weight += each->weight;
    return queue_.Run(ticket, [this](std::span<sql::CommitQueue::Ticket* const> group) { Commit(group); });
  }

  // On the commit thread.
  void CommitGroup(std::span<const std::unique_ptr<Pending>> group) {
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

  Result<Version> StoredVersion(const std::string& key) {
    RecordCache::Ticket ticket;
    if (const auto known = cache_.Lookup(key, ticket)) return known->version;
    rocksdb::PinnableSlice stored;
    rocksdb::Status got = db_->Get(ReadHere(), db_->DefaultColumnFamily(), key, &stored);
    if (got.IsNotFound()) return kAbsent;
    if (got.IsIncomplete()) ALOFT_TRY(os::MayBlock());
    if (!got.ok()) return Failed(got);
    auto value = DecodeValue(stored.ToStringView());
    if (!value) return Failed(rocksdb::Status::Corruption("a record's value"));
    return value->version;
  }

  // One thread at a time: the leader's. `last_version_` is its own.
  void Commit(std::span<sql::CommitQueue::Ticket* const> tickets) {
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
      for (const Batch::Write& write : each->batch.writes) {
        std::string key = RecordKey(write.space, write.key);
        if (write.value)
          PutValue(batch, key, each->version, *write.value);
        else
          batch.Delete(key);
        const auto noted = changed_.insert_or_assign(std::move(key), write.value ? each->version : kAbsent).first;
        written.push_back({noted->first, write.value ? &*write.value : nullptr, each->version});
      }
      outbox_->Append(batch, each->version, each->batch.announcements);
      announced = announced || !each->batch.announcements.empty();
    }
    if (batch.Count() == 0) return;
    std::string version;
    AppendBigEndian(version, last_version_);
    batch.Put(ToSlice(kVersionKey), version);
    for (const Written& each : written) cache_.Leave(each.key);
    std::optional<Error> error = Write(batch);
    // The last write of a key counts, and enters first; an earlier one finds the key entered already.
    for (auto each = written.rbegin(); each != written.rend(); ++each)
      cache_.Enter(each->key, error ? nullptr : each->value, each->version);
    if (error) {
      // What was noted did not happen. Nobody has seen a state as new as this version before the next write succeeds.
      changed_.clear();
      changed_since_ = last_version_;
      for (Pending* each : group) each->error = error;
    } else {
      committed_.store(last_version_, std::memory_order_release);
      outbox_->Committed(last_version_, announced);
    }
  }

  // By the changes noted since the batch was looked at first; it is read again only where they do not go back so far.
  std::optional<Error> Check(const Pending& pending) {
    for (std::size_t i = 0; i < pending.keys.size(); ++i) {
      auto found = changed_.find(pending.keys[i]);
      Version version = pending.batch.expectations[i].version;
      if (found != changed_.end()) {
        version = found->second;
      } else if (pending.seen < changed_since_) {
        auto stored = StoredVersion(pending.keys[i]);
        if (!stored.ok()) return std::move(stored).error();
        version = *stored;
      }
      if (version != pending.batch.expectations[i].version) return VersionMismatch();
    }
    return std::nullopt;
  }

  std::optional<Error> Write(rocksdb::WriteBatch& batch) {
    if (read_only_.load(std::memory_order_relaxed))
      return Fail(kStoreReadOnly, "The key-value store refuses writes after a disk error.");
    if (!HasRoom()) return Fail(kDiskFull, "The disk is full.", "less is free than the store keeps for itself");
    if (auto error = FaultError("kv.write")) return Failed(rocksdb::Status::IOError(error->detail));
    rocksdb::WriteOptions options;
    options.sync = true;
    rocksdb::Status written = db_->Write(options, &batch);
    // Others can fill the disk to its end. It goes away: RocksDB looks for room every five seconds and goes on by
    // itself. (Resume() is no help: it waits for ever where the flush that it starts finds the disk still full.)
    if (written.ok()) return std::nullopt;
    return Failed(written);
  }

  // On a small file system an eighth of it is kept.
  bool HasRoom() const {
    struct statvfs disk;
    if (statvfs(path_.c_str(), &disk) != 0) return true;
    const std::uint64_t all = std::uint64_t{disk.f_blocks} * disk.f_frsize;
    return std::uint64_t{disk.f_bavail} * disk.f_frsize >= std::min(kReservedBytes, all / 8);
  }

  Error Failed(const rocksdb::Status& status) {
    if (status.IsNoSpace()) return Fail(kDiskFull, "The disk is full.", status.ToString());
    if (!read_only_.exchange(true))
      log_.Error("key-value store: refusing writes until it is reopened", {{"cause", status.ToString()}});
    if (status.IsCorruption()) return Fail(kCorrupt, "Stored bytes are damaged.", status.ToString());
    return Fail(kIoError, "The key-value store failed.", status.ToString());
  }

  Log log_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<RocksOutbox> outbox_;
  std::string path_;
  std::atomic<bool> read_only_{false};
  RecordCache cache_;
  Version last_version_ = kAbsent;
  std::atomic<Version> committed_{kAbsent};  // everything up to this one can be read
  // The leader's: every key changed after version `changed_since_`, with its version.
  std::unordered_map<std::string, Version> changed_;
  Version changed_since_ = kAbsent;
  sql::CommitQueue queue_{{.max_group = 512, .max_weight = kMaxGroupBytes}};
  CommitThread<Pending> commit_thread_{[this](std::span<const std::unique_ptr<Pending>> group) { CommitGroup(group); },
                                       {}};
};

}  // namespace

Result<std::unique_ptr<Store>> OpenRocksStore(const Options& options, Log log) {
  auto store = std::make_unique<RocksStore>(std::move(log), options.cache_bytes);
  ALOFT_TRY(store->Open(options));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace aloft::kv

#if defined(__SANITIZE_THREAD__)
// Debian's RocksDB is not built for the thread sanitizer, which takes its lock-free tables for races.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\nrace:librocksdb.so\n";
}
#endif
