// Versioning and object lock, as a bucket says them.
#include "services/objects/buckets/buckets.h"
#include "services/objects/contract/policy.h"
#include "services/objects/records/keys.h"

namespace aloft::objects {
namespace {

// Changes the bucket's record by `change`.
template <class Change>
Status ChangeBucket(Core& core, const AccountId& account, std::string_view name, const Change& change) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core.FindBucketForWrite(account, name));
    ALOFT_TRY(change(found.record.bucket));
    std::string encoded = Encode(found.record);
    kv::Batch batch;
    batch.Expect(kBucketSpace, std::string(name), found.version);
    batch.Put(kBucketSpace, std::string(name), encoded);
    batch.Put(kOwnedSpace, OwnedKey(account, name), encoded);
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) return {};
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

}  // namespace

Status SetVersioning(Core& core, const AccountId& account, std::string_view bucket, Versioning versioning) {
  if (versioning == Versioning::kNever) return Fail(kInvalidArgument, "Versioning cannot be removed, only suspended");
  return ChangeBucket(core, account, bucket, [&](Bucket& record) -> Status {
    if (record.lock.enabled && versioning != Versioning::kEnabled)
      return Fail(kLockNeedsVersioning,
                  "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.");
    record.versioning = versioning;
    return {};
  });
}

Status SetLockConfiguration(Core& core, const AccountId& account, std::string_view bucket,
                            const LockConfiguration& lock) {
  if (!lock.enabled) return Fail(kInvalidArgument, "Object Lock cannot be disabled once it is enabled");
  ALOFT_TRY(CheckDefaultRetention(lock.retention));
  return ChangeBucket(core, account, bucket, [&](Bucket& record) -> Status {
    if (record.versioning != Versioning::kEnabled)
      return Fail(kLockNeedsVersioning,
                  "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
    record.lock = lock;
    return {};
  });
}

}  // namespace aloft::objects
