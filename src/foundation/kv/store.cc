#include "foundation/kv/store.h"

#include "foundation/kv/apply_soon.h"
#include "foundation/kv/engines.h"
#include "foundation/os/must_not_block.h"

namespace aloft::kv {

Result<std::unique_ptr<Store>> Store::Open(Options options, Log log) {
  switch (options.engine) {
    case Engine::kMemory: return OpenMemoryStore();
    case Engine::kRocks: return OpenRocksStore(options, std::move(log));
    case Engine::kPostgres: return OpenPostgresStore(options, std::move(log));
  }
  return Fail(kInvalidArgument, "Unknown key-value engine.");
}

void ApplySoon(Store& store, Batch batch, std::function<void(Result<Version>)> done) {
  if (const auto* here = os::MustNotBlock::Current(); here != nullptr && here->refused())
    return done(os::MayBlock().error());
  if (auto* applier = dynamic_cast<SoonApplier*>(&store)) return applier->ApplySoon(std::move(batch), std::move(done));
  done(store.Apply(std::move(batch)));
}

Status CheckKey(std::string_view space, std::string_view key) {
  if (space.empty() || space.size() > kMaxSpaceBytes)
    return Fail(kInvalidArgument, "A space has a name of 1 to " + std::to_string(kMaxSpaceBytes) + " bytes.");
  if (key.size() > kMaxKeyBytes)
    return Fail(kInvalidArgument, "A key has at most " + std::to_string(kMaxKeyBytes) + " bytes.");
  return {};
}

Status CheckBatch(const Batch& batch) {
  std::size_t total = 0;
  for (const Batch::Write& write : batch.writes) {
    ALOFT_TRY(CheckKey(write.space, write.key));
    if (write.value && write.value->size() > kMaxValueBytes)
      return Fail(kInvalidArgument, "A value has at most " + std::to_string(kMaxValueBytes) + " bytes.");
    total += write.key.size() + (write.value ? write.value->size() : 0);
  }
  for (const Batch::Expectation& expectation : batch.expectations)
    ALOFT_TRY(CheckKey(expectation.space, expectation.key));
  for (const Batch::Announcement& announcement : batch.announcements) {
    if (announcement.topic.empty() || announcement.topic.size() > 255)
      return Fail(kInvalidArgument, "A topic has 1 to 255 bytes.");
    total += announcement.key.size() + announcement.record.size();
  }
  if (total > kMaxBatchBytes)
    return Fail(kInvalidArgument, "A batch has at most " + std::to_string(kMaxBatchBytes) + " bytes.");
  return {};
}

Error VersionMismatch() {
  return Fail(kVersionMismatch, "The record was changed meanwhile.");
}

}  // namespace aloft::kv
