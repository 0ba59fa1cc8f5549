// Deleting: a version for good, or whatever is the latest behind a delete marker.
#include <set>

#include "services/objects/contract/policy.h"
#include "services/objects/engine/versions.h"
#include "services/objects/records/events.h"
#include "services/objects/records/keys.h"
#include "services/objects/records/position.h"
#include "services/objects/service.h"

namespace aloft::objects {
namespace {

// What one batch may remove: below the store's limit even where every object has many parts.
constexpr std::size_t kMostWrites = 20'000;

Result<Deleted> DeleteLatest(Core& core, kv::Batch& batch, const Stored<BucketRecord>& bucket,
                             const DeleteRequest& request) {
  const Bucket& place = bucket.record.bucket;
  ALOFT_ASSIGN(auto current, core.FindEntry(place, request.key));
  bool live = current && !current->record.info.is_delete_marker;
  if (live) ALOFT_TRY(CheckCondition(request.condition, &current->record.info));
  // A condition is about an object; without one there is nothing to delete, and that succeeds.
  if (!live && IsConditional(request.condition)) return Deleted{};
  if (place.versioning == Versioning::kNever) {
    if (!current) return Deleted{};
    Found found{std::move(current->record), current->version, kIndexSpace, IndexKey(place, request.key)};
    ALOFT_TRY(RemoveVersion(core, batch, place, request.key, found));
    core.Announce(batch, request.by_lifecycle ? kExpired : kRemoved, place, request.key, found.entry);
    return Deleted{};
  }
  Entry marker;
  marker.info.is_delete_marker = true;
  marker.info.modified = core.clock.Now();
  ALOFT_TRY(PutLatest(core, batch, bucket, request.key, current, marker));
  core.Announce(batch, request.by_lifecycle ? kExpiredByMarker : kMarkerCreated, place, request.key, marker);
  Present(marker, place, request.key, true);
  return Deleted{std::move(marker.info.version_id), true};
}

Result<Deleted> DeleteVersion(Core& core, kv::Batch& batch, const Bucket& bucket, const DeleteRequest& request) {
  ALOFT_ASSIGN(auto found, FindVersion(core, bucket, request.key, request.version));
  if (!found) return Deleted{request.version, false};
  ALOFT_TRY(CheckCondition(request.condition, &found->entry.info));
  ALOFT_TRY(CheckRemovable(found->entry.info.lock, core.clock.Now(), request.bypass_governance));
  ALOFT_TRY(RemoveVersion(core, batch, bucket, request.key, *found));
  core.Announce(batch, request.by_lifecycle ? kExpired : kRemoved, bucket, request.key, found->entry);
  return Deleted{std::move(found->entry.info.version_id), found->entry.info.is_delete_marker};
}

// Adds the deletion to the batch; nothing where there is nothing to delete.
Result<Deleted> Prepare(Core& core, kv::Batch& batch, const AccountId& account, const DeleteRequest& request) {
  ALOFT_TRY(CheckKey(request.key, core.limits));
  if (request.version.empty()) {
    ALOFT_ASSIGN(auto bucket, core.FindBucketForWrite(account, request.bucket));
    return DeleteLatest(core, batch, bucket, request);
  }
  ALOFT_ASSIGN(auto bucket, core.FindBucket(account, request.bucket));
  return DeleteVersion(core, batch, bucket.record.bucket, request);
}

void Append(kv::Batch& all, kv::Batch one) {
  auto move = [](auto& from, auto& to) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  move(one.writes, all.writes);
  move(one.expectations, all.expectations);
  move(one.announcements, all.announcements);
}

}  // namespace

Result<Deleted> Service::DeleteObject(const AccountId& account, const DeleteRequest& request) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    kv::Batch batch;
    auto deleted = Prepare(*core_, batch, account, request);
    if (!deleted.ok() && deleted.error().reason == kv::kVersionMismatch) continue;
    if (!deleted.ok() || batch.writes.empty()) return deleted;
    auto applied = core_->store.Apply(std::move(batch));
    if (applied.ok()) return deleted;
    if (!(applied.error().reason == kv::kVersionMismatch)) return std::move(applied).error();
  }
  return Busy();
}

std::vector<Result<Deleted>> Service::DeleteMany(const AccountId& account, const std::vector<DeleteRequest>& requests) {
  std::vector<Result<Deleted>> results(requests.size(), Result<Deleted>(Deleted{}));
  kv::Batch together;
  std::vector<std::size_t> members;
  std::set<std::pair<std::string_view, std::string_view>> keys;  // a batch changes a key once
  auto flush = [&] {
    if (!together.writes.empty()) {
      auto applied = core_->store.Apply(std::move(together));
      // Someone changed one of them meanwhile: each on its own.
      if (!applied.ok())
        for (std::size_t i : members) results[i] = DeleteObject(account, requests[i]);
    }
    together = {};
    members.clear();
    keys.clear();
  };
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& request = requests[i];
    if (!keys.emplace(request.bucket, request.key).second || together.writes.size() > kMostWrites) {
      flush();
      keys.emplace(request.bucket, request.key);
    }
    kv::Batch batch;
    results[i] = Prepare(*core_, batch, account, request);
    if (!results[i].ok() && results[i].error().reason == kv::kVersionMismatch)
      results[i] = DeleteObject(account, request);
    else if (results[i].ok() && !batch.writes.empty()) {
      Append(together, std::move(batch));
      members.push_back(i);
    }
  }
  flush();
  return results;
}

}  // namespace aloft::objects
