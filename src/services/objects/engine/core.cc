#include "services/objects/engine/core.h"

#include "foundation/kv/apply_soon.h"
#include "services/objects/contract/policy.h"
#include "services/objects/engine/encryption.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/position.h"

namespace aloft::objects {
namespace {

// A deletion that has not ended by now died with its server.
constexpr std::chrono::seconds kClosingTime{10};

}  // namespace

void Pins::Add(const std::vector<Segment>& segments) {
  std::lock_guard lock(mutex_);
  for (const auto& segment : segments)
    if (!segment.is_inline()) ++counts_[segment.blob];
}

void Pins::Remove(const std::vector<Segment>& segments) {
  std::lock_guard lock(mutex_);
  for (const auto& segment : segments) {
    if (segment.is_inline()) continue;
    auto found = counts_.find(segment.blob);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }
}

bool Pins::Has(const blob::BlobId& blob) const {
  std::lock_guard lock(mutex_);
  return counts_.contains(blob);
}

Error Busy() {
  return Fail(kBusy,
              "A conflicting conditional operation is currently in progress against this resource. Please try again.");
}

Error NoSuchKey() {
  return Fail(kNoSuchKey, "The specified key does not exist.");
}

bool SurelyRefused(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kInvalid:
    case ErrorKind::kDenied:
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kPreconditionFailed:
    case ErrorKind::kTooLarge: return true;
    default: return false;
  }
}

Result<Stored<BucketRecord>> Core::FindBucket(const AccountId& account, std::string_view name) {
  ALOFT_ASSIGN(auto found, store.Get(kBucketSpace, name));
  if (!found) return Fail(kNoSuchBucket, "The specified bucket does not exist");
  ALOFT_ASSIGN(BucketRecord record, DecodeBucket(found->value));
  if (record.bucket.account != account) return Fail(kForeignBucket, "Access Denied");
  return Stored<BucketRecord>{std::move(record), found->version};
}

Result<Stored<BucketRecord>> Core::FindBucketForWrite(const AccountId& account, std::string_view name) {
  ALOFT_ASSIGN(auto found, FindBucket(account, name));
  if (found.record.closing_since == Time{}) return found;
  if (clock.Now() - found.record.closing_since < kClosingTime) return Busy();
  found.record.closing_since = {};
  kv::Batch batch;
  batch.Expect(kBucketSpace, std::string(name), found.version);
  batch.Put(kBucketSpace, std::string(name), Encode(found.record));
  auto applied = store.Apply(std::move(batch));
  if (!applied.ok()) return applied.error().reason == kv::kVersionMismatch ? Busy() : applied.error();
  found.version = *applied;
  return found;
}

Result<std::optional<Stored<Entry>>> Core::FindEntry(const Bucket& bucket, std::string_view key) {
  ALOFT_ASSIGN(auto found, store.Get(kIndexSpace, IndexKey(bucket, key)));
  if (!found) return std::optional<Stored<Entry>>();
  ALOFT_ASSIGN(Entry entry, DecodeEntry(found->value));
  Present(entry, bucket, key, true);
  return std::optional<Stored<Entry>>(Stored<Entry>{std::move(entry), found->version});
}

Result<Stored<UploadRecord>> Core::FindUpload(const Bucket& bucket, std::string_view key, const UploadId& upload) {
  auto fail = [] {
    return Fail(kNoSuchUpload,
                "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
                "aborted or completed.");
  };
  if (upload.value().size() != kUploadIdChars) return fail();
  ALOFT_ASSIGN(auto found, store.Get(kUploadSpace, UploadKey(bucket, key, upload)));
  if (!found) return fail();
  ALOFT_ASSIGN(UploadRecord record, DecodeUpload(found->value));
  record.info.key = key;
  record.info.id = upload;
  return Stored<UploadRecord>{std::move(record), found->version};
}

Result<std::vector<Stored<PartRecord>>> Core::FindParts(const Bucket& bucket, const UploadId& upload) {
  std::vector<Stored<PartRecord>> parts;
  std::string prefix = PartPrefix(bucket, upload);
  kv::ScanRange range{.from = prefix, .to = After(prefix)};
  while (true) {
    ALOFT_ASSIGN(auto page, store.Scan(kPartSpace, range));
    for (const auto& entry : page.entries) {
      ALOFT_ASSIGN(PartRecord record, DecodePart(entry.value));
      parts.push_back({std::move(record), entry.version});
    }
    if (!page.more) return parts;
    range.from = page.entries.back().key + '\0';
  }
}

std::string Core::NewTag() {
  // Ascending in time, so that new records lie beside each other.
  std::string tag;
  auto now = static_cast<std::uint64_t>(ToMicros(clock.Now()));
  std::uint64_t unique = random.Next();
  for (int shift = 56; shift >= 0; shift -= 8) tag += static_cast<char>(now >> shift);
  for (int shift = 56; shift >= 0; shift -= 8) tag += static_cast<char>(unique >> shift);
  return tag;
}

void Core::Hold(kv::Batch& batch, const Bucket& bucket, std::string_view key,
                const std::vector<Segment>& segments) const {
  for (const auto& segment : segments)
    if (!segment.is_inline()) batch.Put(kHolderSpace, HolderKey(segment.blob, segment.tag), IndexKey(bucket, key));
}

void Core::Release(kv::Batch& batch, const Bucket& bucket, const std::vector<Segment>& segments) const {
  Time now = clock.Now();
  for (const auto& segment : segments) {
    if (segment.is_inline()) {
      batch.Delete(kInlineSpace, InlineKey(bucket, segment.tag));
    } else {
      batch.Delete(kHolderSpace, HolderKey(segment.blob, segment.tag));
      batch.Put(kGarbageSpace, GarbageKey(now, segment.blob, segment.tag), "");
    }
  }
}

void Core::Announce(kv::Batch& batch, std::string_view event, const Bucket& bucket, std::string_view key,
                    const Entry& entry) const {
  Entry shown;
  shown.has_id = entry.has_id;
  shown.position = entry.position;
  Present(shown, bucket, key, true);
  // Places in the feed order the events of a key; the sequencer says so to who gets them by another way.
  auto micros = static_cast<std::uint64_t>(ToMicros(clock.Now()));
  ObjectEvent told{.name = std::string(event),
                   .time = clock.Now(),
                   .account = bucket.account,
                   .region = bucket.region,
                   .bucket = bucket.name,
                   .key = std::string(key),
                   .version_id = std::move(shown.info.version_id),
                   .size = entry.info.size,
                   .etag = entry.info.etag,
                   .sequencer = {}};
  for (int shift = 60; shift >= 0; shift -= 4) told.sequencer += "0123456789ABCDEF"[micros >> shift & 15];
  batch.Announce(kObjectTopic, bucket.name + '\0' + told.key, Encode(told));
}

Result<Core::Replacement> Core::PrepareReplace(const AccountId& account, std::string_view bucket_name,
                                               std::string_view key, const WriteCondition& condition,
                                               std::string_view event, const Build& build) {
  ALOFT_ASSIGN(auto bucket, FindBucketForWrite(account, bucket_name));
  ALOFT_ASSIGN(auto current, FindEntry(bucket.record.bucket, key));
  const ObjectInfo* info = current && !current->record.info.is_delete_marker ? &current->record.info : nullptr;
  ALOFT_TRY(CheckCondition(condition, info));
  Replacement out;
  ALOFT_ASSIGN(out.entry, build(bucket.record.bucket, out.batch));
  ALOFT_TRY(PutLatest(*this, out.batch, bucket, key, current, out.entry));
  Announce(out.batch, event, bucket.record.bucket, key, out.entry);
  out.bucket = std::move(bucket.record.bucket);
  return out;
}

Result<ObjectInfo> Core::Replace(const AccountId& account, std::string_view bucket_name, std::string_view key,
                                 const WriteCondition& condition, std::string_view event, const Build& build) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto ready = PrepareReplace(account, bucket_name, key, condition, event, build);
    if (!ready.ok()) {
      if (ready.error().reason == blob::kNoSuchBlob) continue;  // the source of a copy changed
      return std::move(ready).error();
    }
    auto applied = store.Apply(std::move(ready->batch));
    if (applied.ok()) {
      Present(ready->entry, ready->bucket, key, true);
      return std::move(ready->entry.info);
    }
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

void Core::ReplaceSoon(const AccountId& account, std::string_view bucket_name, std::string_view key,
                       const WriteCondition& condition, std::string_view event, const Build& build,
                       std::function<void(Result<ObjectInfo>)> done) {
  auto ready = PrepareReplace(account, bucket_name, key, condition, event, build);
  if (!ready.ok()) return done(std::move(ready).error());
  Present(ready->entry, ready->bucket, key, true);
  // Shared, because what std::function holds must be copyable.
  auto info = std::make_shared<ObjectInfo>(std::move(ready->entry.info));
  kv::ApplySoon(store, std::move(ready->batch), [info, done = std::move(done)](Result<kv::Version> applied) {
    if (!applied.ok()) return done(std::move(applied).error());
    done(std::move(*info));
  });
}

Status Core::Share(kv::Batch& batch, const Sharing& sharing, const std::vector<Segment>& segments,
                   std::vector<Segment>& shared) {
  for (const Segment& source : segments) {
    Segment segment = source;
    segment.tag = NewTag();
    segment.sealed_key.clear();
    if (segment.is_inline()) {
      ALOFT_ASSIGN(auto body, store.Get(kInlineSpace, InlineKey(sharing.from, source.tag)));
      if (!body) return Fail(blob::kNoSuchBlob, "The object's bytes are missing");
      ALOFT_ASSIGN(std::string plain, OpenBody(source, sharing.from_key, std::move(body->value)));
      if (plain.size() < segment.offset + segment.length)
        return Fail(blob::kNoSuchBlob, "The object's bytes are missing");
      plain = plain.substr(segment.offset, segment.length);
      batch.Put(kInlineSpace, InlineKey(sharing.to, segment.tag),
                SealBody(*this, segment, sharing.to_key, std::move(plain)));
      segment.offset = 0;
    } else if (sharing.from_key && sharing.to_key) {
      ALOFT_ASSIGN(auto bytes_key, SegmentKey(source, sharing.from_key));
      SealSegmentKey(*this, segment, *bytes_key, *sharing.to_key);
    }
    shared.push_back(std::move(segment));
  }
  Hold(batch, sharing.to, sharing.to_name, shared);
  return {};
}

}  // namespace aloft::objects
