// RocksDB, embedded: how it is opened and read. How it is written: rocks_writer.h.
#include <rocksdb/db.h>

#include "foundation/kv/apply_soon.h"
#include "foundation/kv/engines.h"
#include "foundation/kv/record_cache.h"
#include "foundation/kv/rocks_format.h"
#include "foundation/kv/rocks_health.h"
#include "foundation/kv/rocks_options.h"
#include "foundation/kv/rocks_outbox.h"
#include "foundation/kv/rocks_writer.h"
#include "foundation/os/file.h"
#include "foundation/os/must_not_block.h"

namespace aloft::kv {
namespace {

rocksdb::Slice ToSlice(std::string_view text) {
  return {text.data(), text.size()};
}

// Where nobody may wait memtables and cached blocks only: "incomplete" is the answer that a file would have to be read.
rocksdb::ReadOptions ReadHere() {
  rocksdb::ReadOptions options;
  if (os::MustNotBlock::Current() != nullptr) options.read_tier = rocksdb::kBlockCacheTier;
  return options;
}

class RocksStore final : public Store, public SoonApplier {
 public:
  RocksStore(const Options& options, Log log)
      : health_(std::move(log), options.path), cache_(options.cache_bytes / 4) {}

  ~RocksStore() override {
    if (writer_ != nullptr) writer_->Stop();
    writer_.reset();
    outbox_.reset();
    if (db_ != nullptr) static_cast<void>(db_->Close());
  }

  Status Open(const Options& options) {
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
    outbox_ =
        std::make_unique<RocksOutbox>(*db_, [this](const rocksdb::Status& failed) { return health_.Failed(failed); });
    if (options.read_only) health_.SetReadOnly();
    ALOFT_ASSIGN(const Version last, LoadFormat(options.read_only));
    auto version_of = [this](const PlacedKey& key) { return StoredVersion(key); };
    writer_ = std::make_unique<RocksWriter>(*db_, *outbox_, cache_, health_, std::move(version_of), last);
    return outbox_->Load();
  }

  Result<std::optional<Entry>> Get(std::string_view space, std::string_view key) override {
    ALOFT_TRY(CheckKey(space, key));
    const PlacedKey place(RecordKey(space, key));
    RecordCache::Ticket ticket;
    if (auto known = cache_.Lookup(place, ticket))
      return std::optional<Entry>(Entry{std::string(key), *known->value, known->version});
    rocksdb::PinnableSlice stored;
    rocksdb::Status got = db_->Get(ReadHere(), db_->DefaultColumnFamily(), place.text, &stored);
    if (got.IsNotFound()) return std::optional<Entry>();
    if (got.IsIncomplete()) ALOFT_TRY(os::MayBlock());
    if (!got.ok()) return health_.Failed(got);
    auto value = DecodeValue(stored.ToStringView());
    if (!value) return health_.Failed(rocksdb::Status::Corruption("a record's value"));
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
      if (!value) return health_.Failed(rocksdb::Status::Corruption("a record's value"));
      if (!page.Add(it->key().ToStringView().substr(1 + space.size()), value->value, value->version)) break;
      range.reverse ? it->Prev() : it->Next();
    }
    if (!it->status().ok()) return health_.Failed(it->status());
    return page.Take();
  }

  Result<Version> Apply(Batch batch) override {
    ALOFT_TRY(os::MayBlock());
    return writer_->Apply(std::move(batch));
  }

  void ApplySoon(Batch batch, std::function<void(Result<Version>)> done) override {
    writer_->ApplySoon(std::move(batch), std::move(done));
  }

  sql::Outbox& outbox() override { return *outbox_; }

 private:
  // Makes the store's format known, or checks it. Returns the last version that was given out.
  Result<Version> LoadFormat(bool read_only) {
    ALOFT_ASSIGN(const std::optional<std::uint64_t> format, Number(kFormatKey));
    if (!format) {
      if (read_only) return Fail(kInvalidArgument, "There is no key-value store here.");
      std::string bytes;
      AppendBigEndian(bytes, kRocksFormat);
      rocksdb::WriteOptions synced;
      synced.sync = true;
      rocksdb::Status put = db_->Put(synced, ToSlice(kFormatKey), bytes);
      if (!put.ok()) return health_.Failed(put);
      return kAbsent;
    }
    if (*format > kRocksFormat)
      return Fail(kInvalidArgument, "The key-value store was written by a newer Aloft; start that one.");
    ALOFT_ASSIGN(const std::optional<std::uint64_t> version, Number(kVersionKey));
    return version.value_or(kAbsent);
  }

  // One of the store's own records.
  Result<std::optional<std::uint64_t>> Number(std::string_view key) {
    std::string stored;
    rocksdb::Status got = db_->Get({}, ToSlice(key), &stored);
    if (got.IsNotFound()) return std::optional<std::uint64_t>();
    if (!got.ok()) return health_.Failed(got);
    if (stored.size() != 8) return health_.Failed(rocksdb::Status::Corruption("a number of the store's"));
    return std::optional<std::uint64_t>(ReadBigEndian(stored));
  }

  Result<Version> StoredVersion(const PlacedKey& key) {
    RecordCache::Ticket ticket;
    if (const auto known = cache_.Lookup(key, ticket)) return known->version;
    rocksdb::PinnableSlice stored;
    rocksdb::Status got = db_->Get(ReadHere(), db_->DefaultColumnFamily(), key.text, &stored);
    if (got.IsNotFound()) return kAbsent;
    if (got.IsIncomplete()) ALOFT_TRY(os::MayBlock());
    if (!got.ok()) return health_.Failed(got);
    auto value = DecodeValue(stored.ToStringView());
    if (!value) return health_.Failed(rocksdb::Status::Corruption("a record's value"));
    return value->version;
  }

  RocksHealth health_;
  RecordCache cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::unique_ptr<RocksOutbox> outbox_;
  std::unique_ptr<RocksWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> OpenRocksStore(const Options& options, Log log) {
  auto store = std::make_unique<RocksStore>(options, std::move(log));
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
