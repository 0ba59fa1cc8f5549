#include "services/lifecycle/service.h"

#include "foundation/base/fault_point.h"

namespace aloft::lifecycle {
namespace {

constexpr std::size_t kBucketsAtOnce = 1000;
constexpr std::size_t kRestoresAtOnce = 10'000;

}  // namespace

Result<Report> Service::Run() {
  Report report;
  ALOFT_ASSIGN(report.restores, objects_.EndRestores(kRestoresAtOnce));
  std::string after;
  do {
    ALOFT_ASSIGN(auto page, objects_.ListAllBuckets(after, kBucketsAtOnce));
    for (const auto& bucket : page.buckets) {
      auto done = RunBucket(bucket, report);
      // One damaged bucket must not keep the others from aging.
      if (!done.ok())
        log_.Warn("the lifecycle of a bucket was not carried out",
                  {{"bucket", bucket.name}, {"error", Describe(done.error())}});
    }
    after = page.next_after;
  } while (!after.empty());
  return report;
}

Status Service::RunBucket(const objects::Bucket& bucket, Report& report) {
  ALOFT_ASSIGN(auto document, objects_.GetSetting(bucket.account, bucket.name, kSetting));
  if (!document) return {};
  ALOFT_ASSIGN(Configuration configuration, ParseConfiguration(*document));
  ALOFT_TRY(Walk(bucket, configuration, report));
  return AbortUploads(bucket, configuration, report);
}

Status Service::Walk(const objects::Bucket& bucket, const Configuration& configuration, Report& report) {
  const Time now = clock_.Now();
  objects::ListVersionsRequest request{.bucket = bucket.name};
  request.whole = NeedsTags(configuration);
  // Versions come newest first; what the one before was is what the next needs to know. A version waits here until it
  // is known whether another one follows it.
  std::optional<objects::ObjectInfo> waiting;
  bool waiting_first = true;
  Time superseded{};
  int newer = 0;
  auto decide = [&](bool followed) {
    if (!waiting) return;
    View view{.info = &*waiting, .lone = waiting_first && !followed, .superseded = superseded};
    if (!waiting_first) view.newer_noncurrent = newer++;
    Action action = Decide(configuration, view, now);
    if (action.act != Act::kNothing) Act(bucket, *waiting, action, report);
  };
  while (true) {
    ALOFT_ASSIGN(auto page, objects_.ListVersions(bucket.account, request));
    for (auto& info : page.versions) {
      ++report.seen;
      bool same = waiting && waiting->key == info.key;
      decide(same);
      if (same) {
        superseded = waiting->modified;
      } else {
        newer = 0;
        superseded = {};
      }
      waiting_first = !same;
      waiting = std::move(info);
    }
    if (!page.truncated) break;
    request.key_marker = page.next_key_marker;
    request.version_id_marker = page.next_version_id_marker;
  }
  decide(false);
  return {};
}

void Service::Act(const objects::Bucket& bucket, const objects::ObjectInfo& info, const Action& action,
                  Report& report) {
  ALOFT_FAULT_POINT("lifecycle.act");
  Status done;
  if (action.act == Act::kTransition) {
    done = objects_.Transition(bucket.account, bucket.name, info.key, info.version_id, action.storage_class);
    if (done.ok()) ++report.moved;
  } else {
    objects::DeleteRequest request{.bucket = bucket.name, .key = info.key};
    request.by_lifecycle = true;
    if (action.act == Act::kRemoveVersion) {
      request.version = info.version_id;
    } else {
      // What was put since is younger, and not meant.
      request.condition.if_match = info.etag;
      request.condition.if_modified = info.modified;
    }
    auto deleted = objects_.DeleteObject(bucket.account, request);
    if (!deleted.ok())
      done = std::move(deleted).error();
    else
      ++(action.act == Act::kRemoveVersion ? report.removed : report.expired);
  }
  if (done.ok()) return;
  ++report.failed;
  if (!(done.error().reason == objects::kVersionLocked))
    log_.Warn("a lifecycle rule was not carried out",
              {{"bucket", bucket.name}, {"rule", action.rule}, {"error", Describe(done.error())}});
}

Status Service::AbortUploads(const objects::Bucket& bucket, const Configuration& configuration, Report& report) {
  const Time now = clock_.Now();
  objects::ListUploadsRequest request{.bucket = bucket.name};
  while (true) {
    ALOFT_ASSIGN(auto page, objects_.ListUploads(bucket.account, request));
    for (const auto& upload : page.uploads) {
      if (!IsStale(configuration, upload.key, upload.initiated, now)) continue;
      auto aborted = objects_.AbortUpload(bucket.account, bucket.name, upload.key, upload.id);
      ++(aborted.ok() ? report.aborted : report.failed);
    }
    if (!page.truncated) return {};
    request.key_marker = page.next_key_marker;
    request.upload_id_marker = page.next_upload_id_marker;
  }
}

Result<std::optional<Expiry>> Service::ExpirationOf(const AccountId& account, std::string_view bucket,
                                                    const objects::ObjectInfo& info) {
  ALOFT_ASSIGN(auto document, objects_.GetSetting(account, bucket, kSetting));
  if (!document || !info.is_latest || info.is_delete_marker) return std::optional<Expiry>();
  ALOFT_ASSIGN(Configuration configuration, ParseConfiguration(*document));
  return ExpiryOf(configuration, info);
}

}  // namespace aloft::lifecycle
