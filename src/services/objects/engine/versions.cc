#include "services/objects/engine/versions.h"

#include "services/objects/contract/policy.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/position.h"

namespace aloft::objects {
namespace {

Result<std::optional<Found>> FindOlder(Core& core, const Bucket& bucket, std::string_view key,
                                       std::string_view position) {
  std::string place = VersionKey(bucket, key, position);
  ALOFT_ASSIGN(auto stored, core.store.Get(kVersionSpace, place));
  if (!stored) return std::optional<Found>();
  Found found{.entry = {}, .version = stored->version, .space = kVersionSpace, .key = std::move(place)};
  ALOFT_ASSIGN(found.entry, DecodeEntry(stored->value));
  Present(found.entry, bucket, key, false);
  return std::optional(std::move(found));
}

// The latest becomes the newest of the older ones.
void Demote(kv::Batch& batch, const Bucket& bucket, std::string_view key, Entry current) {
  std::string position = PositionOf(current);
  current.position = position;
  current.null_position.clear();
  batch.Put(kVersionSpace, VersionKey(bucket, key, position), Encode(current));
}

// The older null version gives way to a new one.
Status RemoveOlderNull(Core& core, kv::Batch& batch, const Bucket& bucket, std::string_view key,
                       std::string_view position) {
  ALOFT_ASSIGN(auto found, FindOlder(core, bucket, key, position));
  if (!found)
    return {};  // gone meanwhile, and then the latest is no longer what the
                // batch expects
  ALOFT_TRY(CheckRemovable(found->entry.info.lock, core.clock.Now(), false));
  found->Expect(batch);
  batch.Delete(kVersionSpace, found->key);
  core.Release(batch, bucket, found->entry);
  return {};
}

}  // namespace

Result<std::optional<Found>> FindVersion(Core& core, const Bucket& bucket, std::string_view key,
                                         std::string_view version) {
  std::string position;
  if (!version.empty() && version != kNullVersion) {
    auto parsed = ParseVersionId(version);
    if (!parsed) return Fail(kInvalidVersion, "Invalid version id specified");
    position = std::move(*parsed);
  }
  kv::Version seen = kv::kAbsent;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto current, core.FindEntry(bucket, key));
    if (!current) return std::optional<Found>();
    Entry& entry = current->record;
    if (version.empty() || (version == kNullVersion ? !entry.has_id : entry.position == position)) {
      Found found{std::move(entry), current->version, kIndexSpace, IndexKey(bucket, key)};
      return std::optional(std::move(found));
    }
    const std::string& older = version == kNullVersion ? entry.null_position : position;
    if (older.empty()) return std::optional<Found>();
    ALOFT_ASSIGN(auto found, FindOlder(core, bucket, key, older));
    if (found && found->entry.has_id == (version == kNullVersion)) return std::optional<Found>();
    // What was not the latest at the first look may be it since: the same latest twice means that it is nowhere.
    if (found || current->version == seen) return found;
    seen = current->version;
  }
  return Busy();
}

Result<Found> FindObject(Core& core, const Bucket& bucket, std::string_view key, std::string_view version) {
  ALOFT_ASSIGN(auto found, FindVersion(core, bucket, key, version));
  if (!found) {
    if (version.empty()) return NoSuchKey();
    return Fail(kNoSuchVersion, "The specified version does not exist.");
  }
  if (found->entry.info.is_delete_marker) {
    if (version.empty()) return Fail(kDeleteMarker, "The specified key does not exist.");
    return Fail(kDeleteMarkerVersion, "The specified method is not allowed against this resource.");
  }
  return std::move(*found);
}

Status PutLatest(Core& core, kv::Batch& batch, const Stored<BucketRecord>& stored_bucket, std::string_view key,
                 const std::optional<Stored<Entry>>& current, Entry& entry) {
  const Bucket& bucket = stored_bucket.record.bucket;
  std::string place = IndexKey(bucket, key);
  batch.Expect(kBucketSpace, bucket.name, stored_bucket.version);
  batch.Expect(kIndexSpace, place, current ? current->version : kv::kAbsent);
  const Entry* old = current ? &current->record : nullptr;
  if (bucket.versioning == Versioning::kNever) {
    if (old != nullptr) core.Release(batch, bucket, *old);
  } else {
    entry.position = NextPosition(core.clock.Now(), core.random, old);
    entry.has_id = bucket.versioning == Versioning::kEnabled;
    if (old != nullptr && !entry.has_id && !old->has_id) {
      ALOFT_TRY(CheckRemovable(old->info.lock, core.clock.Now(), false));
      core.Release(batch, bucket, *old);
    } else if (old != nullptr) {
      Demote(batch, bucket, key, *old);
      if (entry.has_id)
        entry.null_position = old->has_id ? old->null_position : PositionOf(*old);
      else if (!old->null_position.empty())
        ALOFT_TRY(RemoveOlderNull(core, batch, bucket, key, old->null_position));
    }
  }
  batch.Put(kIndexSpace, std::move(place), Encode(entry));
  return {};
}

Status RemoveVersion(Core& core, kv::Batch& batch, const Bucket& bucket, std::string_view key, const Found& found) {
  found.Expect(batch);
  batch.Delete(found.space, found.key);
  core.Release(batch, bucket, found.entry);
  if (found.entry.info.is_latest) {
    std::string prefix = VersionPrefix(bucket, key);
    ALOFT_ASSIGN(auto page, core.store.Scan(kVersionSpace, {.from = prefix, .to = After(prefix), .limit = 1}));
    if (page.entries.empty()) return {};
    const auto& newest = page.entries.front();
    ALOFT_ASSIGN(Entry entry, DecodeEntry(newest.value));
    if (entry.has_id) entry.null_position = found.entry.null_position;
    batch.Expect(kVersionSpace, newest.key, newest.version);
    batch.Delete(kVersionSpace, newest.key);
    batch.Put(kIndexSpace, found.key, Encode(entry));
  } else if (!found.entry.has_id) {
    // The latest knows where the null version lies.
    ALOFT_ASSIGN(auto current, core.FindEntry(bucket, key));
    if (!current) return Fail(kv::kVersionMismatch, "the latest version went away");
    std::string place = IndexKey(bucket, key);
    current->record.null_position.clear();
    batch.Expect(kIndexSpace, place, current->version);
    batch.Put(kIndexSpace, std::move(place), Encode(current->record));
  }
  return {};
}

void PutChanged(kv::Batch& batch, const Found& found) {
  found.Expect(batch);
  batch.Put(found.space, found.key, Encode(found.entry));
}

}  // namespace aloft::objects
