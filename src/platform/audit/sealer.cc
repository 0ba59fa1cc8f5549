#include "platform/audit/sealer.h"

#include <algorithm>

#include "foundation/base/fault_point.h"
#include "foundation/crypto/hash.h"
#include "platform/audit/packed_record.h"

namespace aloft::audit {
namespace {

constexpr std::size_t kMaxBlockEntries = 4096;
constexpr std::size_t kMaxBatchBytes = 16u << 20;
constexpr std::size_t kMaxPruned = 64;

std::string MarkKey(const Finished& record) {
  return record.mark_chain + "/" + record.name.Encode();
}

std::string PlainRecord(const Finished& record) {
  return UnpackRecord(record.record).value_or(std::string());
}

}  // namespace

Sealer::Sealer(const Options& options, sql::Database& database, kv::Store& store, std::unique_ptr<Signer> signer,
               const Clock& clock, Log log, Metrics& metrics)
    : options_(options),
      database_(database),
      store_(store),
      signer_(std::move(signer)),
      clock_(clock),
      log_(std::move(log)),
      sealed_(metrics.AddCounter("aloft_audit_sealed_total", "Audit records bound into a chain")),
      waiting_(metrics.AddGauge("aloft_audit_waiting_bytes", "Audit records that wait for their block")) {}

Sealer::~Sealer() {
  Stop();
}

void Sealer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Sealer::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  Status sealed = Seal();
  if (sealed.ok()) sealed = Checkpoint();
  if (!sealed.ok()) log_.Error("audit: the last records are not sealed yet", {{"cause", Describe(sealed.error())}});
}

void Sealer::Add(Finished finished) {
  waiting_bytes_.fetch_add(finished.bytes(), std::memory_order_relaxed);
  bool wake = finished.when_durable != nullptr;
  {
    std::lock_guard lock(mutex_);
    urgent_ = urgent_ || wake;
    queue_.push_back(std::move(finished));
  }
  if (wake) changed_.notify_one();
}

void Sealer::Run() {
  auto next_seal = clock_.Monotonic() + options_.seal_every;
  auto next_checkpoint = clock_.Monotonic() + options_.checkpoint_every;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto wait = std::max<std::chrono::nanoseconds>(next_seal - clock_.Monotonic(), std::chrono::milliseconds(1));
    changed_.wait_for(lock, wait, [&] { return stopping_ || urgent_; });
    if (stopping_) break;
    bool urgent = std::exchange(urgent_, false);
    lock.unlock();
    if (urgent) WriteUrgent();
    if (clock_.Monotonic() >= next_seal) {
      next_seal = clock_.Monotonic() + options_.seal_every;
      Status sealed = Seal();
      if (sealed.ok() && clock_.Monotonic() >= next_checkpoint) {
        next_checkpoint = clock_.Monotonic() + options_.checkpoint_every;
        sealed = Checkpoint();
      }
      if (!sealed.ok()) log_.Error("audit: records wait for the store", {{"cause", Describe(sealed.error())}});
    }
    waiting_.Set(static_cast<std::int64_t>(waiting_bytes_.load(std::memory_order_relaxed)));
    lock.lock();
  }
}

// The records whose callers wait: durable now, with a mark, and sealed later like the others.
void Sealer::WriteUrgent() {
  std::vector<std::function<void(Status)>> waiting;
  Status applied;
  {
    std::lock_guard sealing(sealing_);
    std::deque<Finished> taken;
    {
      std::lock_guard lock(mutex_);
      taken.swap(queue_);
    }
    kv::Batch batch;
    for (Finished& each : taken) {
      if (each.when_durable) {
        each.mark_chain = options_.chain;
        each.places |= Entry::kKv;
        batch.Put(std::string(each.name.space()), each.name.Key(), PackRecord(each.record));
        batch.Put(std::string(kPending), MarkKey(each), signer_->Mark(options_.chain, each.name, PlainRecord(each)));
        waiting.push_back(std::exchange(each.when_durable, nullptr));
      }
      unsealed_.push_back(std::move(each));
    }
    if (!waiting.empty())
      if (auto result = store_.Apply(std::move(batch)); !result.ok()) applied = std::move(result).error();
  }
  for (auto& answer : waiting) answer(applied);
}

Status Sealer::Seal() {
  if (before_seal_) before_seal_();
  WriteUrgent();
  std::lock_guard sealing(sealing_);
  while (!unsealed_.empty()) {
    std::size_t count = 0, bytes = 0;
    while (count < unsealed_.size() && count < kMaxBlockEntries && bytes < kMaxBatchBytes)
      bytes += unsealed_[count++].bytes();
    ALOFT_TRY(SealSome(unsealed_, count));
  }
  return {};
}

Status Sealer::SealSome(std::deque<Finished>& records, std::size_t count) {
  if (head_version_ == kv::kAbsent) ALOFT_TRY(LoadHead());
  Block block{options_.chain, head_.sequence + 1, clock_.Now(), head_.hash, {}};
  kv::Batch batch;
  std::vector<std::string> rows;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Finished& each = records[i];
    bytes += each.bytes();
    block.entries.push_back({each.name, each.digest.empty() ? crypto::Sha256(PlainRecord(each)) : each.digest});
    if (!each.in_store) batch.Put(std::string(each.name.space()), each.name.Key(), PackRecord(each.record));
    if ((each.places & Entry::kKv) != 0) batch.Delete(std::string(kPending), MarkKey(each));
    if ((each.places & Entry::kSql) != 0) rows.push_back(each.name.Encode());
  }
  std::string encoded = block.Encode();
  Position head{block.sequence, block.at, HashOf(encoded), {}, {}};
  signer_->Sign(head, kHeadPurpose, options_.chain);
  batch.Expect(std::string(kHeads), options_.chain, head_version_);
  batch.Put(std::string(kHeads), options_.chain, head.Encode());
  batch.Put(std::string(kBlocks), BlockKey(options_.chain, block.sequence), std::move(encoded));
  ALOFT_FAULT_POINT("audit.seal");
  auto applied = store_.Apply(std::move(batch));
  if (!applied.ok()) {
    // It may have been made by a write whose answer was lost.
    Error failed = std::move(applied).error();
    ALOFT_TRY(LoadHead());
    if (head_.hash != head.hash) return failed;
  } else {
    head_ = std::move(head);
    head_version_ = *applied;
  }
  ALOFT_FAULT_POINT("audit.sealed");
  sealed_.Increment(count);
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count));
  waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  // Rows that stay behind are recognised by the next start: their records stand in kv.
  return ForgetRows(rows);
}

Status Sealer::ForgetRows(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  return database_.Write([&](sql::Transaction& transaction) -> Status {
    for (const std::string& name : names)
      ALOFT_TRY(transaction.Execute("DELETE FROM audit_pending WHERE name = $1", {sql::Bytes{name}}));
    return {};
  });
}

Status Sealer::LoadHead() {
  ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kHeads, options_.chain));
  if (!stored) {
    // An unsigned head at nothing, so that the first block has something to expect.
    head_ = Position{0, clock_.Now(), NoHash(), {}, {}};
    signer_->Sign(head_, kHeadPurpose, options_.chain);
    kv::Batch batch;
    batch.Expect(std::string(kHeads), options_.chain, kv::kAbsent);
    batch.Put(std::string(kHeads), options_.chain, head_.Encode());
    ALOFT_ASSIGN(head_version_, store_.Apply(std::move(batch)));
    return {};
  }
  auto head = Position::Decode(stored->value);
  if (!head) return Fail(kCorrupt, "The head of the audit log's chain cannot be read.");
  head_ = std::move(*head);
  head_version_ = stored->version;
  return {};
}

Status Sealer::Checkpoint() {
  std::lock_guard sealing(sealing_);
  if (head_.sequence == checkpointed_) return {};
  audit::Checkpoint checkpoint{options_.chain, clock_.Now(), last_checkpoint_, {}, {}, {}};
  ALOFT_ASSIGN(kv::ScanPage heads, store_.Scan(kHeads, {}));
  for (const kv::Entry& entry : heads.entries) {
    auto head = Position::Decode(entry.value);
    if (!head) return Fail(kCorrupt, "The head of a chain of the audit log cannot be read.");
    checkpoint.heads.push_back({entry.key, head->sequence, head->hash});
  }
  signer_->Sign(checkpoint);
  std::string encoded = checkpoint.Encode();
  kv::Batch batch;
  batch.Put(std::string(kCheckpoints), CheckpointKey(checkpoint.at, options_.chain), encoded);
  ALOFT_TRY(store_.Apply(std::move(batch)));
  last_checkpoint_ = crypto::Sha256(encoded);
  checkpointed_ = head_.sequence;
  return {};
}

Result<std::size_t> Sealer::Prune() {
  if (options_.retention.count() == 0) return std::size_t{0};
  const Time cutoff = clock_.Now() - options_.retention;
  std::size_t pruned = 0;
  ALOFT_ASSIGN(kv::ScanPage heads, store_.Scan(kHeads, {}));
  for (const kv::Entry& entry : heads.entries) {
    auto head = Position::Decode(entry.value);
    if (!head) return Fail(kCorrupt, "The head of a chain of the audit log cannot be read.");
    while (pruned < kMaxPruned) {
      ALOFT_ASSIGN(std::optional<kv::Entry> stored, store_.Get(kStarts, entry.key));
      auto start = stored ? Position::Decode(stored->value) : Position{1, {}, NoHash(), {}, {}};
      if (!start) return Fail(kCorrupt, "The start of a chain of the audit log cannot be read.");
      // The last block stays: the head points at it.
      if (start->sequence >= head->sequence) break;
      ALOFT_ASSIGN(std::optional<kv::Entry> bytes, store_.Get(kBlocks, BlockKey(entry.key, start->sequence)));
      auto block = bytes ? Block::Decode(bytes->value) : std::nullopt;
      if (!block) return Fail(kCorrupt, "A block of the audit log is missing; `aloft audit verify` says which.");
      if (block->at >= cutoff) break;
      Position next{start->sequence + 1, clock_.Now(), HashOf(bytes->value), {}, {}};
      signer_->Sign(next, kStartPurpose, entry.key);
      kv::Batch batch;
      batch.Expect(std::string(kStarts), entry.key, stored ? stored->version : kv::kAbsent);
      batch.Put(std::string(kStarts), entry.key, next.Encode());
      batch.Delete(std::string(kBlocks), BlockKey(entry.key, start->sequence));
      for (const auto& each : block->entries) batch.Delete(std::string(each.name.space()), each.name.Key());
      ALOFT_TRY(store_.Apply(std::move(batch)));
      ++pruned;
    }
  }
  kv::ScanRange old{.to = CheckpointKey(cutoff, ""), .limit = 256};
  ALOFT_ASSIGN(kv::ScanPage page, store_.Scan(kCheckpoints, old));
  kv::Batch forget;
  for (const kv::Entry& entry : page.entries) forget.Delete(std::string(kCheckpoints), entry.key);
  if (!page.entries.empty()) ALOFT_TRY(store_.Apply(std::move(forget)));
  return pruned;
}

}  // namespace aloft::audit
