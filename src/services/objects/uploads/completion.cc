// The end of an upload in parts. Completing moves the parts' segments into the object's entry, so no byte is copied.
#include "foundation/base/fault_point.h"
#include "services/objects/contract/digests.h"
#include "services/objects/contract/policy.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {
namespace {

// Adds the removal of a part to the batch.
void RemovePart(Core& core, kv::Batch& batch, const Bucket& bucket, const UploadId& upload,
                const Stored<PartRecord>& part, bool release) {
  std::string key = PartKey(bucket, upload, part.record.part.number);
  batch.Expect(kPartSpace, key, part.version);
  batch.Delete(kPartSpace, key);
  if (release) core.Release(batch, bucket, part.record.segments);
}

// A part that was put while its upload was being completed has no upload any more.
void RemoveLeftovers(Core& core, const Bucket& bucket, const UploadId& upload) {
  auto parts = core.FindParts(bucket, upload);
  if (!parts.ok() || parts->empty()) return;
  kv::Batch batch;
  for (const auto& part : *parts) RemovePart(core, batch, bucket, upload, part, true);
  auto applied = core.store.Apply(std::move(batch));
  if (!applied.ok()) core.log.Warn("parts of a completed upload remain; reclaim will find them", {});
}

}  // namespace

Result<ObjectInfo> CompleteUpload(Core& core, const AccountId& account, const CompleteRequest& request) {
  Bucket place;
  auto build = [&](const Bucket& bucket, kv::Batch& batch) -> Result<Entry> {
    place = bucket;
    ALOFT_ASSIGN(auto upload, core.FindUpload(bucket, request.key, request.upload));
    ALOFT_ASSIGN(auto stored, core.FindParts(bucket, request.upload));
    std::vector<Part> parts;
    for (const auto& part : stored) parts.push_back(part.record.part);
    std::vector<std::size_t> chosen;
    ALOFT_TRY(CheckParts(request.parts, parts, core.limits, chosen));
    Entry entry;
    entry.info.modified = core.clock.Now();
    entry.info.attributes = upload.record.attributes;
    // Its date may have passed while the parts came; what was asked for then holds no longer.
    auto lock = LockOfNew(bucket, upload.record.lock, entry.info.modified);
    entry.info.lock = lock.ok() ? *lock : upload.record.lock;
    entry.upload = request.upload.value();
    std::size_t next = 0;
    for (std::size_t i = 0; i < stored.size(); ++i) {
      bool keep = next < chosen.size() && chosen[next] == i;
      RemovePart(core, batch, bucket, request.upload, stored[i], !keep);
      if (!keep) continue;
      ++next;
      entry.info.size += parts[i].size;
      entry.info.parts.push_back(parts[i]);
      const auto& segments = stored[i].record.segments;
      entry.segments.insert(entry.segments.end(), segments.begin(), segments.end());
    }
    if (request.object_size && *request.object_size != entry.info.size)
      return Fail(kSizeMismatch, "The provided 'x-amz-mp-object-size' header value " +
                                     std::to_string(*request.object_size) +
                                     " does not match what was computed: " + std::to_string(entry.info.size));
    entry.SetKey(upload.record.key);
    entry.info.etag = CompositeETag(entry.info.parts);
    entry.info.checksum =
        JoinChecksums(entry.info.parts, upload.record.info.checksum, upload.record.info.checksum_type);
    std::string announced = request.checksum;
    if (!announced.empty() && entry.info.checksum.type == ChecksumType::kComposite &&
        announced.find('-') == std::string::npos)
      announced += "-" + std::to_string(entry.info.parts.size());
    if (!announced.empty() && announced != entry.info.checksum.value)
      return Fail(kBadDigest, "The checksum you specified did not match the calculated checksum.");
    std::string key = UploadKey(bucket, request.key, request.upload);
    batch.Expect(kUploadSpace, key, upload.version);
    batch.Delete(kUploadSpace, key);
    ALOFT_FAULT_POINT("objects.complete.before_index");
    return entry;
  };
  auto completed = core.Replace(account, request.bucket, request.key, request.condition, kCreatedByParts, build);
  if (completed.ok()) {
    RemoveLeftovers(core, place, request.upload);
    return completed;
  }
  // The answer to the first completion may have been lost: the same request again gets it again.
  if (completed.error().reason == kNoSuchUpload || completed.error().reason == kConditionFailed) {
    ALOFT_ASSIGN(auto found, core.FindBucket(account, request.bucket));
    ALOFT_ASSIGN(auto entry, core.FindEntry(found.record.bucket, request.key));
    if (entry && entry->record.upload == request.upload.value()) return std::move(entry->record.info);
  }
  return completed;
}

Status AbortUpload(Core& core, const AccountId& account, std::string_view bucket, std::string_view key,
                   const UploadId& upload) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ALOFT_ASSIGN(auto found, core.FindBucket(account, bucket));
    const Bucket& place = found.record.bucket;
    ALOFT_ASSIGN(auto record, core.FindUpload(place, key, upload));
    ALOFT_ASSIGN(auto parts, core.FindParts(place, upload));
    kv::Batch batch;
    batch.Expect(kUploadSpace, UploadKey(place, key, upload), record.version);
    batch.Delete(kUploadSpace, UploadKey(place, key, upload));
    for (const auto& part : parts) RemovePart(core, batch, place, upload, part, true);
    auto applied = core.store.Apply(std::move(batch));
    if (applied.ok()) {
      RemoveLeftovers(core, place, upload);
      return {};
    }
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

}  // namespace aloft::objects
