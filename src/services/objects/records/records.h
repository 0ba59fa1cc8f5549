// What the object store keeps, as values, and their stored form: a version byte and numbered fields, so that a later
// version can add fields and an earlier one passes over them. What an earlier one must not pass over makes the record
// version 2. docs/formats/objects.md
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/result.h"
#include "foundation/blob/store.h"
#include "services/objects/contract/types.h"
#include "services/objects/contract/upload_types.h"

namespace aloft::objects {

// A run of an object's bytes: in kInlineSpace under the tag, or a range of a blob that the tag holds.
struct Segment {
  std::string tag{};    // kTagBytes bytes, unique
  blob::BlobId blob{};  // empty: inline
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string sealed_key{};  // of the bytes, where it is not the object's own: see encryption.h
  bool compressed = false;   // see compressed_blob.h; offset and length are of what was compressed
  bool archived = false;     // the blob lies in the archive

  bool is_inline() const { return blob.empty(); }
};

// The data key of an object, sealed by whoever its encryption names.
struct StoredKey {
  Encryption encryption{};
  std::string sealed{};
};

struct BucketRecord {
  Bucket bucket;
  // While DeleteBucket looks whether it is empty nothing may be written. Zero: open.
  Time closing_since{};
};

// A version of a key. The latest lies in kIndexSpace, older ones in kVersionSpace.
struct Entry {
  ObjectInfo info;  // without the key, which the index key holds, and what
                    // Present() adds
  std::vector<Segment> segments{};
  std::string upload{};    // the upload it was assembled from: completing twice is
                           // one completion
  std::string position{};  // among the key's versions, see position.h; empty:
                           // that of its time
  bool has_id = false;     // false: the key's null version
  // Of the latest only: where among the older versions the null version lies; empty: nowhere.
  std::string null_position{};
  std::string sealed_key{};  // the data key; info.encryption says who sealed it

  std::vector<Segment> restored{};  // until info.restore.expires: the bytes again, in reach

  // The bytes in reach; kArchived where there are none.
  Result<const std::vector<Segment>*> Readable(Time now) const;
  StoredKey GetKey() const { return {info.encryption, sealed_key}; }
  void SetKey(const StoredKey& key) {
    info.encryption = key.encryption;
    sealed_key = key.sealed;
  }
};

struct UploadRecord {
  UploadInfo info;  // without key and id
  Attributes attributes;
  Lock lock{};
  StoredKey key{};
};

struct PartRecord {
  Part part;
  std::vector<Segment> segments{};
  std::string upload_key{};  // in kUploadSpace: a part without its upload is garbage
};

// Which version's copy ends.
struct RestoredRecord {
  AccountId account{};
  std::string bucket{};
  std::string key{};
  std::string version{};
};

std::string Encode(const RestoredRecord& record);
Result<RestoredRecord> DecodeRestored(std::string_view bytes);
std::string Encode(const BucketRecord& record);
std::string Encode(const Entry& entry);
std::string Encode(const UploadRecord& record);
std::string Encode(const PartRecord& record);

// kCorrupt where the bytes are no such record, or of a version this code does not know.
Result<BucketRecord> DecodeBucket(std::string_view bytes);
Result<Entry> DecodeEntry(std::string_view bytes);
// Only what a listing shows.
Result<Entry> DecodeSummary(std::string_view bytes);
// Whether an entry is a delete marker, at the price of a look at its first field.
bool IsDeleteMarker(std::string_view bytes);
Result<UploadRecord> DecodeUpload(std::string_view bytes);
Result<PartRecord> DecodePart(std::string_view bytes);

}  // namespace aloft::objects
