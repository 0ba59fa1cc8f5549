#include "services/objects/buckets/buckets.h"

#include "foundation/base/fault_point.h"
#include "services/objects/buckets/settings.h"
#include "services/objects/contract/policy.h"
#include "services/objects/records/keys.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {

Result<Bucket> CreateBucket(Core& core, const AccountId& account, const Region& region, std::string_view bucket,
                            const Pairs& settings, bool lock) {
  ALOFT_TRY(CheckBucketName(bucket));
  std::string prefix = OwnedKey(account, "");
  ALOFT_ASSIGN(auto owned, core.store.Scan(kOwnedSpace, {.from = prefix,
                                                         .to = After(prefix),
                                                         .limit = core.limits.max_buckets,
                                                         .reverse = false,
                                                         .keys_only = true}));
  if (owned.entries.size() >= core.limits.max_buckets)
    return Fail(kTooManyBuckets, "You have attempted to create more buckets than allowed");
  BucketRecord record;
  record.bucket = {.name = std::string(bucket), .account = account, .region = region, .created = core.clock.Now()};
  if (lock) {
    record.bucket.versioning = Versioning::kEnabled;
    record.bucket.lock.enabled = true;
  }
  std::string encoded = Encode(record);
  kv::Batch batch;
  batch.Expect(kBucketSpace, record.bucket.name, kv::kAbsent);
  batch.Put(kBucketSpace, record.bucket.name, encoded);
  batch.Put(kOwnedSpace, OwnedKey(account, bucket), encoded);
  for (const auto& [name, document] : settings) batch.Put(kSettingSpace, SettingKey(record.bucket, name), document);
  auto applied = core.store.Apply(std::move(batch));
  if (applied.ok()) return record.bucket;
  if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  auto found = core.FindBucket(account, bucket);
  if (found.ok())
    return Fail(kBucketOwned, "Your previous request to create the named bucket succeeded and you already own it.");
  if (found.error().reason == kForeignBucket)
    return Fail(kBucketTaken,
                "The requested bucket name is not available. The bucket namespace is shared by all users of the "
                "system. Please select a different name and try again.");
  return found.error().reason == kNoSuchBucket ? Busy() : found.error();
}

Result<Bucket> HeadBucket(Core& core, const AccountId& account, std::string_view bucket) {
  ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
  return std::move(found.record.bucket);
}

Status DeleteBucket(Core& core, const AccountId& account, std::string_view bucket) {
  ALOFT_ASSIGN(auto found, core.FindBucketForWrite(account, bucket));
  std::string name(bucket);
  std::string prefix = IndexPrefix(found.record.bucket);
  kv::ScanRange any{.from = prefix, .to = After(prefix), .limit = 1, .reverse = false, .keys_only = true};
  auto full = [] { return Fail(kBucketNotEmpty, "The bucket you tried to delete is not empty"); };
  {
    ALOFT_ASSIGN(auto page, core.store.Scan(kIndexSpace, any));
    if (!page.entries.empty()) return full();
  }
  // Close the bucket, so that no write in flight can land after the look that finds it empty: every write expects the
  // bucket's version.
  BucketRecord closing = found.record;
  closing.closing_since = core.clock.Now();
  auto apply = [&](kv::Batch batch) -> Result<kv::Version> {
    auto applied = core.store.Apply(std::move(batch));
    if (!applied.ok() && applied.error().reason == kv::kVersionMismatch) return Busy();
    return applied;
  };
  kv::Batch close;
  close.Expect(kBucketSpace, name, found.version);
  close.Put(kBucketSpace, name, Encode(closing));
  ALOFT_ASSIGN(kv::Version closed, apply(std::move(close)));
  ALOFT_FAULT_POINT("objects.delete_bucket.closed");
  ALOFT_ASSIGN(auto page, core.store.Scan(kIndexSpace, any));
  if (!page.entries.empty()) {
    kv::Batch reopen;
    reopen.Expect(kBucketSpace, name, closed);
    reopen.Put(kBucketSpace, name, Encode(found.record));
    ALOFT_TRY(apply(std::move(reopen)));
    return full();
  }
  while (true) {
    ALOFT_ASSIGN(auto uploads, ListUploads(core, account,
                                           {.bucket = name,
                                            .prefix = {},
                                            .delimiter = {},
                                            .key_marker = {},
                                            .upload_id_marker = {},
                                            .max_uploads = 100}));
    for (const auto& upload : uploads.uploads) {
      auto aborted = AbortUpload(core, account, name, upload.key, upload.id);
      if (!aborted.ok() && !(aborted.error().reason == kNoSuchUpload)) return aborted;
    }
    if (!uploads.truncated) break;
  }
  kv::Batch remove;
  remove.Expect(kBucketSpace, name, closed);
  remove.Delete(kBucketSpace, name);
  remove.Delete(kOwnedSpace, OwnedKey(account, bucket));
  ALOFT_TRY(RemoveSettings(core, remove, found.record.bucket));
  ALOFT_TRY(apply(std::move(remove)));
  return {};
}

Result<BucketsPage> ListBuckets(Core& core, const AccountId& account, std::string_view prefix, std::string_view after,
                                std::size_t limit) {
  BucketsPage page;
  std::string base = OwnedKey(account, "");
  std::string from = OwnedKey(account, prefix);
  kv::ScanRange range{.from = from, .to = After(from), .limit = limit + 1};
  if (!after.empty()) range.from = std::max(range.from, OwnedKey(account, after) + '\0');
  if (limit == 0) return page;
  while (page.buckets.size() < limit) {
    if (range.from >= range.to) return page;
    ALOFT_ASSIGN(auto scanned, core.store.Scan(kOwnedSpace, range));
    for (const auto& entry : scanned.entries) {
      if (page.buckets.size() == limit) {
        page.next_after = page.buckets.back().name;
        return page;
      }
      ALOFT_ASSIGN(BucketRecord record, DecodeBucket(entry.value));
      page.buckets.push_back(std::move(record.bucket));
    }
    if (!scanned.more) return page;
    range.from = scanned.entries.back().key + '\0';
  }
  page.next_after = page.buckets.back().name;
  return page;
}

Result<BucketsPage> ListAllBuckets(Core& core, std::string_view after, std::size_t limit) {
  BucketsPage page;
  kv::ScanRange range{.from = after.empty() ? std::string() : std::string(after) + '\0', .to = {}, .limit = limit};
  ALOFT_ASSIGN(auto scanned, core.store.Scan(kBucketSpace, range));
  for (const auto& entry : scanned.entries) {
    ALOFT_ASSIGN(BucketRecord record, DecodeBucket(entry.value));
    page.buckets.push_back(std::move(record.bucket));
  }
  if (scanned.more) page.next_after = page.buckets.back().name;
  return page;
}

}  // namespace aloft::objects
