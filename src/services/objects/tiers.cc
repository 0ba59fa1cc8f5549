// Storage classes that differ: a version's bytes move, durable in their new place before its entry names them, and the
// old ones are released in the same batch. A crash between leaves bytes that nobody names.
#include "foundation/base/fault_point.h"
#include "services/objects/engine/body_writer.h"
#include "services/objects/engine/encryption.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/position.h"
#include "services/objects/service.h"

namespace aloft::objects {
namespace {

constexpr std::size_t kPiece = 256 * 1024;

// The bytes of a version, written again under its own key for `storage_class`.
Result<StoredBody> Move(Core& core, const Bucket& bucket, const Entry& entry, const std::string& storage_class,
                        const std::optional<blob::FrameKey>& key) {
  ALOFT_ASSIGN(auto reader, core.OpenSegments(bucket, entry, key));
  BodyWriter writer(core, ChecksumAlgorithm::kNone, entry.info.size, key, storage_class);
  writer.TakeWholeObject();
  std::vector<std::uint8_t> buffer(kPiece);
  for (std::uint64_t offset = 0; offset < entry.info.size;) {
    ALOFT_ASSIGN(std::size_t count, reader->Read(offset, buffer));
    if (count == 0) return Fail(kCorrupt, "The object's bytes end early");
    ALOFT_TRY(writer.Append(ByteView(buffer).first(count)));
    offset += count;
  }
  return writer.Finish({});
}

// Where the bytes of `entry` would lie otherwise than they do.
bool WantsMove(const Core& core, const Entry& entry, const std::string& storage_class) {
  if (entry.info.size == 0) return false;
  if (TierOf(storage_class) == Tier::kArchive) return core.archive != nullptr && !entry.segments.front().archived;
  if (TierOf(storage_class) == Tier::kCompressed)
    return entry.info.size > core.limits.min_compress_bytes && !entry.segments.front().compressed;
  return entry.segments.front().archived;
}

Status Apply(Core& core, kv::Batch batch) {
  ALOFT_TRY(core.store.Apply(std::move(batch)));
  return {};
}

}  // namespace

Status Service::Transition(const AccountId& account, std::string_view bucket, std::string_view key,
                           std::string_view version, const std::string& storage_class) {
  ALOFT_ASSIGN(auto found_bucket, core_->FindBucket(account, bucket));
  const Bucket& place = found_bucket.record.bucket;
  ALOFT_ASSIGN(Found found, FindObject(*core_, place, key, version));
  kv::Batch batch;
  std::optional<StoredBody> body;
  // Nobody but its writer can open what a customer's key guards: such an object changes its class and stays where it
  // is.
  bool movable = found.entry.info.encryption.kind != EncryptionKind::kSseC;
  if (movable && WantsMove(*core_, found.entry, storage_class)) {
    ALOFT_ASSIGN(DataKey data_key, OpenDataKey(*core_, place, key, found.entry.GetKey(), {}));
    ALOFT_ASSIGN(body, Move(*core_, place, found.entry, storage_class, data_key.key));
    ALOFT_FAULT_POINT("objects.transition.before_index");
    core_->Release(batch, place, found.entry);
    found.entry.segments = body->segments;
    found.entry.restored.clear();
    found.entry.info.restore = {};
    body->Store(batch, *core_, place, key);
  }
  found.entry.info.attributes.storage_class = storage_class;
  PutChanged(batch, found);
  core_->Announce(batch, kTransitioned, place, key, found.entry);
  auto applied = Apply(*core_, std::move(batch));
  if (!applied.ok() && body && SurelyRefused(applied.error())) BodyWriter::Discard(*core_, *body);
  return applied;
}

Result<bool> Service::RestoreObject(const AccountId& account, std::string_view bucket, std::string_view key,
                                    std::string_view version, int days) {
  if (days < 1) return Fail(kInvalidArgument, "Days must be a positive integer");
  ALOFT_ASSIGN(auto found_bucket, core_->FindBucket(account, bucket));
  const Bucket& place = found_bucket.record.bucket;
  ALOFT_ASSIGN(Found found, FindObject(*core_, place, key, version));
  Entry& entry = found.entry;
  if (TierOf(entry.info.attributes.storage_class) != Tier::kArchive)
    return Fail(kNotArchived, "Restore is not allowed for the object's current storage class");
  Time now = core_->clock.Now();
  // Until the end of the day, as S3 counts.
  Time expires(std::chrono::ceil<std::chrono::days>(now + std::chrono::days(days)).time_since_epoch());
  kv::Batch batch;
  std::optional<StoredBody> body;
  bool was_readable = entry.Readable(now).ok();
  bool archived = entry.info.size > 0 && entry.segments.front().archived;
  if (archived && (!was_readable || entry.restored.empty())) {
    // Only who has the customer's key can write the bytes anew. They are not put there any more: see ClassOfBytes.
    if (entry.info.encryption.kind == EncryptionKind::kSseC)
      return Fail(kUnimplemented, "Restoring an archived object under a customer's key is not built");
    ALOFT_ASSIGN(DataKey data_key, OpenDataKey(*core_, place, key, entry.GetKey(), {}));
    core_->Release(batch, place, entry.restored);
    ALOFT_ASSIGN(body, Move(*core_, place, entry, "STANDARD", data_key.key));
    ALOFT_FAULT_POINT("objects.restore.before_index");
    entry.restored = body->segments;
    body->Store(batch, *core_, place, key);
  }
  entry.info.restore.expires = expires;
  PutChanged(batch, found);
  if (body || !was_readable) core_->Announce(batch, kRestored, place, key, entry);
  RestoredRecord record{account, std::string(bucket), std::string(key), entry.info.version_id};
  if (record.version.empty()) record.version = kNullVersion;
  batch.Put(kRestoredSpace, RestoredKey(expires, core_->NewTag()), Encode(record));
  auto applied = Apply(*core_, std::move(batch));
  if (!applied.ok()) {
    if (body && SurelyRefused(applied.error())) BodyWriter::Discard(*core_, *body);
    return std::move(applied).error();
  }
  return was_readable;
}

Status Service::EndRestore(const AccountId& account, std::string_view bucket, std::string_view key,
                           std::string_view version) {
  ALOFT_ASSIGN(auto found_bucket, core_->FindBucket(account, bucket));
  ALOFT_ASSIGN(Found found, FindObject(*core_, found_bucket.record.bucket, key, version));
  if (found.entry.info.restore.expires == Time{} || found.entry.info.restore.expires > core_->clock.Now()) return {};
  kv::Batch batch;
  core_->Release(batch, found_bucket.record.bucket, found.entry.restored);
  found.entry.restored.clear();
  found.entry.info.restore = {};
  PutChanged(batch, found);
  core_->Announce(batch, kRestoreEnded, found_bucket.record.bucket, key, found.entry);
  return Apply(*core_, std::move(batch));
}

Result<std::size_t> Service::EndRestores(std::size_t limit) {
  std::string end = RestoredKey(core_->clock.Now(), {});
  ALOFT_ASSIGN(auto page, core_->store.Scan(kRestoredSpace, {.from = {}, .to = end, .limit = limit}));
  for (const auto& entry : page.entries) {
    ALOFT_ASSIGN(RestoredRecord record, DecodeRestored(entry.value));
    // A version that is gone, or was restored for longer meanwhile, needs nothing; one that changes just now is met
    // again.
    auto ended = EndRestore(record.account, record.bucket, record.key, record.version);
    if (!ended.ok() && !SurelyRefused(ended.error())) return std::move(ended).error();
    if (!ended.ok() && ended.error().reason == kv::kVersionMismatch) continue;
    kv::Batch batch;
    batch.Delete(kRestoredSpace, entry.key);
    ALOFT_TRY(core_->store.Apply(std::move(batch)));
  }
  return page.entries.size();
}

}  // namespace aloft::objects
