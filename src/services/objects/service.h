// The object store: buckets of objects, listed in byte order, durable when a call returns.
//
// Every method blocks for the stores: call on pool threads. Thread-safe. Each method names the account on whose behalf
// it works; a bucket of another account is kForeignBucket. Who may do what is decided before, by the API.
//
//   ALOFT_ASSIGN(auto put, objects.BeginPut(account, {.bucket = "b", .key = "k"}));
//   ALOFT_TRY(put->Append(bytes));
//   ALOFT_ASSIGN(ObjectInfo info, put->Commit({}));
//   ALOFT_ASSIGN(auto reader, objects.GetObject(account, "b", "k"));
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/base/result.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "services/objects/contract/check_types.h"
#include "services/objects/contract/errors.h"
#include "services/objects/contract/key_service.h"
#include "services/objects/contract/listing_types.h"
#include "services/objects/contract/sessions.h"
#include "services/objects/contract/settings.h"
#include "services/objects/contract/types.h"
#include "services/objects/contract/upload_types.h"

namespace aloft::objects {

class Core;

class Service {
 public:
  Service(kv::Store& store, blob::Store& blobs, const Clock& clock, Random& random, Log log, Limits limits = {},
          Keys keys = {}, blob::Store* archive = nullptr);
  ~Service();

  const Limits& limits() const;

  // `settings` are there from the first moment. `lock`: object lock and versioning are enabled from the start.
  Result<Bucket> CreateBucket(const AccountId& account, const Region& region, std::string_view bucket,
                              const Pairs& settings = {}, bool lock = false);
  Result<Bucket> HeadBucket(const AccountId& account, std::string_view bucket);
  Status DeleteBucket(const AccountId& account, std::string_view bucket);
  // Names above `after`, ascending.
  Result<BucketsPage> ListBuckets(const AccountId& account, std::string_view prefix, std::string_view after,
                                  std::size_t limit);

  // Whose a bucket is, whoever asks: for deciding whether the caller may use it. kNoSuchBucket.
  Result<BucketLocation> Locate(std::string_view bucket);
  // Documents kept with the bucket under a name, and gone with it; absent where none was put. kSettingTooLarge.
  Result<std::optional<std::string>> GetSetting(const AccountId& account, std::string_view bucket,
                                                std::string_view name);
  // Those whose name begins with `prefix`: names and documents, by name.
  Result<Pairs> ListSettings(const AccountId& account, std::string_view bucket, std::string_view prefix);
  Status PutSetting(const AccountId& account, std::string_view bucket, std::string_view name,
                    std::string_view document);
  // Deleting what is not there succeeds.
  Status DeleteSetting(const AccountId& account, std::string_view bucket, std::string_view name);

  // What HeadBucket shows of versioning and lock. kNever cannot be set; kLockNeedsVersioning where lock forbids it.
  Status SetVersioning(const AccountId& account, std::string_view bucket, Versioning versioning);
  // Enables object lock, where versioning is enabled, and sets the default retention. kLockNeedsVersioning.
  Status SetLockConfiguration(const AccountId& account, std::string_view bucket, const LockConfiguration& lock);

  Result<ListPage> ListObjects(const AccountId& account, const ListRequest& request);
  Result<ListVersionsPage> ListVersions(const AccountId& account, const ListVersionsRequest& request);
  // kNoSuchKey; kDeleteMarker where the latest is one; kNoSuchVersion, kInvalidVersion; kDeleteMarkerVersion where the
  // version named is one (FindVersion describes it).
  Result<ObjectInfo> HeadObject(const AccountId& account, std::string_view bucket, std::string_view key,
                                const ReadOptions& options = {});
  Result<std::unique_ptr<ObjectReader>> GetObject(const AccountId& account, std::string_view bucket,
                                                  std::string_view key, const ReadOptions& options = {});
  // The latest or the named version, delete markers too. Asks for no key.
  Result<ObjectInfo> FindVersion(const AccountId& account, std::string_view bucket, std::string_view key,
                                 std::string_view version = {});
  Result<std::unique_ptr<PutSession>> BeginPut(const AccountId& account, PutRequest request);
  // BeginPut, Append and Commit of bytes at hand.
  Result<ObjectInfo> Put(const AccountId& account, PutRequest request, std::string_view body);
  // All the bytes of an object of at most `max_bytes` (else kObjectTooLarge).
  Result<std::string> Get(const AccountId& account, std::string_view bucket, std::string_view key,
                          std::uint64_t max_bytes);
  // Deleting what is not there succeeds, as in S3. kVersionLocked.
  Result<Deleted> DeleteObject(const AccountId& account, const DeleteRequest& request);
  // Each as DeleteObject, many in few durable writes. One result per request, in their order.
  std::vector<Result<Deleted>> DeleteMany(const AccountId& account, const std::vector<DeleteRequest>& requests);
  // Shares the bytes of large objects. `allow` sees the source before anything is written and may refuse.
  using SourceCheck = ObjectCheck;
  Result<ObjectInfo> CopyObject(const AccountId& account, const CopyRequest& request, const SourceCheck& allow = {});
  Status SetTags(const AccountId& account, std::string_view bucket, std::string_view key, Pairs tags,
                 std::string_view version = {});
  // Who else may use the version; the API knows the form. kSettingTooLarge.
  Status SetAcl(const AccountId& account, std::string_view bucket, std::string_view key, std::string acl,
                std::string_view version = {});
  // kNoLockConfiguration in a bucket without object lock, kInvalidRetention, kVersionLocked where the change would
  // loosen what binds. A retention without a mode removes it.
  Status SetRetention(const AccountId& account, std::string_view bucket, std::string_view key,
                      const Retention& retention, bool bypass_governance = false, std::string_view version = {});
  Status SetLegalHold(const AccountId& account, std::string_view bucket, std::string_view key, bool hold,
                      std::string_view version = {});

  Result<UploadInfo> CreateUpload(const AccountId& account, const PutRequest& request, ChecksumType type);
  Result<UploadInfo> FindUpload(const AccountId& account, std::string_view bucket, std::string_view key,
                                const UploadId& upload);
  Result<std::unique_ptr<PartSession>> BeginPart(const AccountId& account, PartRequest request);
  // An object, or some bytes of it, as a part; bytes are shared.
  Result<Part> CopyPart(const AccountId& account, const PartRequest& request, const PartSource& from);
  Result<PartsPage> ListParts(const AccountId& account, std::string_view bucket, std::string_view key,
                              const UploadId& upload, int after, std::size_t limit);
  Result<ListUploadsPage> ListUploads(const AccountId& account, const ListUploadsRequest& request);
  Result<ObjectInfo> CompleteUpload(const AccountId& account, const CompleteRequest& request);
  Status AbortUpload(const AccountId& account, std::string_view bucket, std::string_view key, const UploadId& upload);

  // Moves a version to another storage class, if it is still there when its bytes have moved: STANDARD_IA and
  // INTELLIGENT_TIERING are compressed where it pays, GLACIER and DEEP_ARCHIVE go to the archive. kNoSuchVersion.
  Status Transition(const AccountId& account, std::string_view bucket, std::string_view key, std::string_view version,
                    const std::string& storage_class);
  // Brings an archived version within reach for some days; again: prolongs it. True where it was in reach already.
  // kNotArchived.
  Result<bool> RestoreObject(const AccountId& account, std::string_view bucket, std::string_view key,
                             std::string_view version, int days);
  // Gives back the copy of a restored version whose days are over.
  Status EndRestore(const AccountId& account, std::string_view bucket, std::string_view key, std::string_view version);

  // EndRestore of all whose days are over, at most `limit`; how many.
  Result<std::size_t> EndRestores(std::size_t limit);

  // Every bucket of every account, by name, above `after`.
  Result<BucketsPage> ListAllBuckets(std::string_view after, std::size_t limit);

  // Looks whether every entry has its bytes and every blob an owner, and, with `verify`, whether every checksum holds.
  // Reports each problem once; with `repair` it mends what can be mended. Safe while writes run: what seems wrong is
  // looked at twice. kInvalidToken where `from` is not of an earlier report.
  Result<CheckReport> Check(const CheckOptions& options, const std::function<void(const Problem&)>& report);
  // A piece of a check of everything (`options.from` is not looked at). Where the round stands is kept, so that it goes
  // on after a restart; when it is finished the next one begins `interval` later.
  Result<ScrubStep> Scrub(const CheckOptions& options, std::chrono::microseconds interval,
                          const std::function<void(const Problem&)>& report);
  // What a bucket holds below a prefix, counted.
  Result<Usage> Count(const AccountId& account, std::string_view bucket, std::string_view prefix);

  // Deletes the bytes that nobody holds any more: first what the queue names and `grace` has passed over, at most
  // `limit` entries; repeat until released + kept is less.
  Result<ReclaimReport> Reclaim(std::chrono::microseconds grace, std::size_t limit = 1000);
  // Deletes blobs older than `min_age` that no entry holds: what a crash between the two stores left. Walks all blobs.
  Result<ReclaimReport> SweepOrphans(std::chrono::microseconds min_age);

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace aloft::objects
