// What the operations of this room share: the stores, the look-ups, and the one way an object is replaced.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/log.h"
#include "foundation/base/random.h"
#include "foundation/blob/store.h"
#include "foundation/kv/store.h"
#include "services/objects/contract/errors.h"
#include "services/objects/contract/key_service.h"
#include "services/objects/contract/sessions.h"
#include "services/objects/records/records.h"

namespace aloft::objects {

// Blobs that a reader of this process is using: reclaim leaves them. Thread-safe.
class Pins {
 public:
  void Add(const std::vector<Segment>& segments);
  void Remove(const std::vector<Segment>& segments);
  bool Has(const blob::BlobId& blob) const;

 private:
  mutable std::mutex mutex_;
  std::map<blob::BlobId, int> counts_;
};

template <class Record>
struct Stored {
  Record record;
  kv::Version version = kv::kAbsent;
};

// The most segments of one object that a copy as a part shares; more are rewritten as one blob, so that an object made
// of copies of copies stays small in the index.
inline constexpr std::size_t kMaxSharedSegments = 4;

class Core {
 public:
  Core(kv::Store& kv_store, blob::Store& blob_store, const Clock& wall, Random& randomness, Log where_to, Limits most,
       Keys all_keys, blob::Store* archive_store)
      : store(kv_store),
        blobs(blob_store),
        clock(wall),
        random(randomness),
        log(std::move(where_to)),
        limits(most),
        keys(all_keys),
        archive(archive_store) {}

  kv::Store& store;
  blob::Store& blobs;
  const Clock& clock;
  Random& random;
  Log log;
  Limits limits;
  Keys keys;
  blob::Store* archive;  // null: what should go there stays in reach
  Pins pins;

  blob::Store& StoreOf(const Segment& segment) { return segment.archived && archive != nullptr ? *archive : blobs; }

  // kNoSuchBucket, kForeignBucket.
  Result<Stored<BucketRecord>> FindBucket(const AccountId& account, std::string_view name);
  // Also kBusy while the bucket is being deleted; a deletion that died is undone.
  Result<Stored<BucketRecord>> FindBucketForWrite(const AccountId& account, std::string_view name);
  // The latest version of the key, also a delete marker; as Present() shows it.
  Result<std::optional<Stored<Entry>>> FindEntry(const Bucket& bucket, std::string_view key);
  // kNoSuchUpload.
  Result<Stored<UploadRecord>> FindUpload(const Bucket& bucket, std::string_view key, const UploadId& upload);
  // Ascending.
  Result<std::vector<Stored<PartRecord>>> FindParts(const Bucket& bucket, const UploadId& upload);

  std::string NewTag();

  // Adds the holders of `segments`, which stand for the object `key`, to the batch.
  void Hold(kv::Batch& batch, const Bucket& bucket, std::string_view key, const std::vector<Segment>& segments) const;
  // Removes holders and inline bodies, and queues the blobs for reclaim.
  void Release(kv::Batch& batch, const Bucket& bucket, const std::vector<Segment>& segments) const;
  void Release(kv::Batch& batch, const Bucket& bucket, const Entry& entry) const {
    Release(batch, bucket, entry.segments);
    Release(batch, bucket, entry.restored);
  }

  // Adds to the batch what tells others of it. Once for each version that changes.
  void Announce(kv::Batch& batch, std::string_view event, const Bucket& bucket, std::string_view key,
                const Entry& entry) const;

  // Makes the entry and adds what else the write changes or expects to the batch. Runs again when someone else was
  // faster.
  using Build = std::function<Result<Entry>(const Bucket& bucket, kv::Batch& batch)>;
  // Makes the entry the latest version of its key if `condition` holds of the current one, which is kept or released by
  // the bucket's versioning.
  Result<ObjectInfo> Replace(const AccountId& account, std::string_view bucket, std::string_view key,
                             const WriteCondition& condition, std::string_view event, const Build& build);
  // One try of the same that does not wait for the disk: kVersionMismatch where someone else was faster. `done` as in
  // kv::ApplySoon.
  void ReplaceSoon(const AccountId& account, std::string_view bucket, std::string_view key,
                   const WriteCondition& condition, std::string_view event, const Build& build,
                   std::function<void(Result<ObjectInfo>)> done);

  // Segments with new holders for the same bytes: blobs shared, small bodies copied. Adds them to the batch. Both
  // objects are encrypted, or neither is. kNoSuchBlob where an inline body is gone: the source changed meanwhile.
  struct Sharing {
    const Bucket& from;
    const std::optional<blob::FrameKey>& from_key;
    const Bucket& to;
    std::string_view to_name;
    const std::optional<blob::FrameKey>& to_key;
  };
  Status Share(kv::Batch& batch, const Sharing& sharing, const std::vector<Segment>& segments,
               std::vector<Segment>& shared);

  // A replacement that is ready to be written.
  struct Replacement {
    Bucket bucket;
    Entry entry;
    kv::Batch batch;
  };
  Result<Replacement> PrepareReplace(const AccountId& account, std::string_view bucket, std::string_view key,
                                     const WriteCondition& condition, std::string_view event, const Build& build);

  // kArchived where the bytes are out of reach; OpenSegments reads them there.
  Result<std::unique_ptr<ObjectReader>> OpenSegments(const Bucket& bucket, Entry entry,
                                                     const std::optional<blob::FrameKey>& key);
  Result<std::unique_ptr<ObjectReader>> OpenReader(const Bucket& bucket, Entry entry,
                                                   const std::optional<blob::FrameKey>& key);
};

// How often a write is tried again when others change the same key.
inline constexpr int kAttempts = 200;

Error Busy();
Error NoSuchKey();

// True where a write was surely refused, so that what was prepared for it can be thrown away. After other errors nobody
// knows whether it happened.
bool SurelyRefused(const Error& error);

}  // namespace aloft::objects
