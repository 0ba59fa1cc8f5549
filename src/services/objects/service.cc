// The door's hinges: what the rooms below do is joined here. The operations on objects are this room's own.
#include "services/objects/service.h"

#include "services/objects/buckets/buckets.h"
#include "services/objects/buckets/settings.h"
#include "services/objects/engine/core.h"
#include "services/objects/integrity/integrity.h"
#include "services/objects/listings/listings.h"
#include "services/objects/uploads/uploads.h"

namespace aloft::objects {

Service::Service(kv::Store& store, blob::Store& blobs, const Clock& clock, Random& random, Log log, Limits limits,
                 Keys keys, blob::Store* archive)
    : core_(std::make_unique<Core>(store, blobs, clock, random, std::move(log), limits, keys, archive)) {}

Service::~Service() = default;

const Limits& Service::limits() const {
  return core_->limits;
}

Result<Bucket> Service::CreateBucket(const AccountId& account, const Region& region, std::string_view bucket,
                                     const Pairs& settings, bool lock) {
  return objects::CreateBucket(*core_, account, region, bucket, settings, lock);
}

Result<Bucket> Service::HeadBucket(const AccountId& account, std::string_view bucket) {
  return objects::HeadBucket(*core_, account, bucket);
}

Status Service::DeleteBucket(const AccountId& account, std::string_view bucket) {
  return objects::DeleteBucket(*core_, account, bucket);
}

Result<BucketsPage> Service::ListBuckets(const AccountId& account, std::string_view prefix, std::string_view after,
                                         std::size_t limit) {
  return objects::ListBuckets(*core_, account, prefix, after, limit);
}

Result<BucketsPage> Service::ListAllBuckets(std::string_view after, std::size_t limit) {
  return objects::ListAllBuckets(*core_, after, limit);
}

Status Service::SetVersioning(const AccountId& account, std::string_view bucket, Versioning versioning) {
  return objects::SetVersioning(*core_, account, bucket, versioning);
}

Status Service::SetLockConfiguration(const AccountId& account, std::string_view bucket, const LockConfiguration& lock) {
  return objects::SetLockConfiguration(*core_, account, bucket, lock);
}

Result<BucketLocation> Service::Locate(std::string_view bucket) {
  return objects::Locate(*core_, bucket);
}

Result<std::optional<std::string>> Service::GetSetting(const AccountId& account, std::string_view bucket,
                                                       std::string_view name) {
  return objects::GetSetting(*core_, account, bucket, name);
}

Result<Pairs> Service::ListSettings(const AccountId& account, std::string_view bucket, std::string_view prefix) {
  return objects::ListSettings(*core_, account, bucket, prefix);
}

Status Service::PutSetting(const AccountId& account, std::string_view bucket, std::string_view name,
                           std::string_view document) {
  return objects::PutSetting(*core_, account, bucket, name, document);
}

Status Service::DeleteSetting(const AccountId& account, std::string_view bucket, std::string_view name) {
  return objects::DeleteSetting(*core_, account, bucket, name);
}

Result<ListPage> Service::ListObjects(const AccountId& account, const ListRequest& request) {
  return objects::ListObjects(*core_, account, request);
}

Result<ListVersionsPage> Service::ListVersions(const AccountId& account, const ListVersionsRequest& request) {
  return objects::ListVersions(*core_, account, request);
}

Result<UploadInfo> Service::CreateUpload(const AccountId& account, const PutRequest& request, ChecksumType type) {
  return objects::CreateUpload(*core_, account, request, type);
}

Result<UploadInfo> Service::FindUpload(const AccountId& account, std::string_view bucket, std::string_view key,
                                       const UploadId& upload) {
  return objects::FindUpload(*core_, account, bucket, key, upload);
}

Result<std::unique_ptr<PartSession>> Service::BeginPart(const AccountId& account, PartRequest request) {
  return objects::BeginPart(*core_, account, std::move(request));
}

Result<Part> Service::CopyPart(const AccountId& account, const PartRequest& request, const PartSource& from) {
  return objects::CopyPart(*core_, account, request, from);
}

Result<PartsPage> Service::ListParts(const AccountId& account, std::string_view bucket, std::string_view key,
                                     const UploadId& upload, int after, std::size_t limit) {
  return objects::ListParts(*core_, account, bucket, key, upload, after, limit);
}

Result<ListUploadsPage> Service::ListUploads(const AccountId& account, const ListUploadsRequest& request) {
  return objects::ListUploads(*core_, account, request);
}

Result<ObjectInfo> Service::CompleteUpload(const AccountId& account, const CompleteRequest& request) {
  return objects::CompleteUpload(*core_, account, request);
}

Status Service::AbortUpload(const AccountId& account, std::string_view bucket, std::string_view key,
                            const UploadId& upload) {
  return objects::AbortUpload(*core_, account, bucket, key, upload);
}

Result<CheckReport> Service::Check(const CheckOptions& options, const std::function<void(const Problem&)>& report) {
  return objects::Check(*core_, options, report);
}

Result<ScrubStep> Service::Scrub(const CheckOptions& options, std::chrono::microseconds interval,
                                 const std::function<void(const Problem&)>& report) {
  return objects::Scrub(*core_, options, interval, report);
}

Result<Usage> Service::Count(const AccountId& account, std::string_view bucket, std::string_view prefix) {
  return objects::Count(*core_, account, bucket, prefix);
}

Result<ReclaimReport> Service::Reclaim(std::chrono::microseconds grace, std::size_t limit) {
  return objects::Reclaim(*core_, grace, limit);
}

Result<ReclaimReport> Service::SweepOrphans(std::chrono::microseconds min_age) {
  return objects::SweepOrphans(*core_, min_age);
}

}  // namespace aloft::objects
