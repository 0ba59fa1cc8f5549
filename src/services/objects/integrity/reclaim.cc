// Giving back the bytes that nobody holds.
//
// Why a look at the holders is enough: a new holder of a blob is only ever made in a batch that expects an entry which
// holds the blob already. Once nobody holds it, nobody ever will.
#include "services/objects/integrity/integrity.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

Result<bool> IsHeld(Core& core, const blob::BlobId& blob) {
  if (core.pins.Has(blob)) return true;
  std::string prefix = HolderPrefix(blob);
  ALOFT_ASSIGN(auto page,
               core.store.Scan(kHolderSpace,
                               {.from = prefix, .to = After(prefix), .limit = 1, .reverse = false, .keys_only = true}));
  return !page.entries.empty();
}

// Parts whose upload is gone, because a server died between completing it and looking for stragglers.
Status SweepParts(Core& core, Time before) {
  kv::ScanRange range;
  while (true) {
    ALOFT_ASSIGN(auto page, core.store.Scan(kPartSpace, range));
    for (const auto& entry : page.entries) {
      ALOFT_ASSIGN(PartRecord part, DecodePart(entry.value));
      if (part.part.modified >= before) continue;
      ALOFT_ASSIGN(auto upload, core.store.Get(kUploadSpace, part.upload_key));
      if (upload) continue;
      // account, region and bucket lead the upload's key.
      auto names = Split(part.upload_key, '\0');
      if (names.size() < 3) return Fail(kCorrupt, "A stored record cannot be read", "part without an upload key");
      Bucket bucket{.name = std::string(names[2]), .account = AccountId(names[0]), .region = Region(names[1])};
      kv::Batch batch;
      batch.Expect(kPartSpace, entry.key, entry.version);
      batch.Delete(kPartSpace, entry.key);
      core.Release(batch, bucket, part.segments);
      auto applied = core.store.Apply(std::move(batch));
      if (!applied.ok() && !(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
    }
    if (!page.more) return {};
    range.from = page.entries.back().key + '\0';
  }
}

Status SweepStore(Core& core, blob::Store& store, Time before, std::uint64_t& orphans) {
  Status failed;
  ALOFT_TRY(store.List([&](const blob::BlobId& blob, Time committed) {
    if (committed >= before) return true;
    auto held = IsHeld(core, blob);
    if (!held.ok()) {
      failed = held.error();
      return false;
    }
    if (*held) return true;
    auto deleted = store.Delete(blob);
    if (!deleted.ok()) {
      failed = std::move(deleted);
      return false;
    }
    ++orphans;
    return true;
  }));
  return failed;
}

}  // namespace

Result<ReclaimReport> Reclaim(Core& core, std::chrono::microseconds grace, std::size_t limit) {
  ReclaimReport report;
  Time before = core.clock.Now() - grace;
  ALOFT_ASSIGN(auto page, core.store.Scan(kGarbageSpace, {.from = {}, .to = {}, .limit = limit}));
  kv::Batch batch;
  for (const auto& entry : page.entries) {
    if (GarbageTime(entry.key) > before) break;
    blob::BlobId blob = GarbageBlob(entry.key);
    // A reader's blob stays queued; one that an entry holds will be queued again when that entry goes.
    if (core.pins.Has(blob)) {
      ++report.kept;
      continue;
    }
    ALOFT_ASSIGN(bool held, IsHeld(core, blob));
    if (held) {
      ++report.kept;
    } else {
      ALOFT_TRY(core.blobs.Delete(blob));
      if (core.archive != nullptr) ALOFT_TRY(core.archive->Delete(blob));
      ++report.released;
    }
    batch.Delete(kGarbageSpace, entry.key);
  }
  if (!batch.writes.empty()) ALOFT_TRY(core.store.Apply(std::move(batch)));
  return report;
}

Result<ReclaimReport> SweepOrphans(Core& core, std::chrono::microseconds min_age) {
  ReclaimReport report;
  Time before = core.clock.Now() - min_age;
  ALOFT_TRY(SweepParts(core, before));
  for (blob::Store* store : {&core.blobs, core.archive})
    if (store != nullptr) ALOFT_TRY(SweepStore(core, *store, before, report.orphans));
  return report;
}

}  // namespace aloft::objects
