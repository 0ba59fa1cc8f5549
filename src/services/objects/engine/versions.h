// The versions of a key: finding one, putting a new one on top, taking one away. The latest lies in the index, older
// ones in kVersionSpace; each change of the order rewrites the latest, so a batch that expects it is alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/objects/engine/core.h"

namespace aloft::objects {

// A version and where it lies.
struct Found {
  Entry entry;
  kv::Version version = kv::kAbsent;
  const char* space = nullptr;
  std::string key;

  void Expect(kv::Batch& batch) const { batch.Expect(space, key, version); }
};

// `version`: empty for the latest, "null", or an id. Delete markers too. kInvalidVersion.
Result<std::optional<Found>> FindVersion(Core& core, const Bucket& bucket, std::string_view key,
                                         std::string_view version);
// An object with bytes: kNoSuchKey, kDeleteMarker, kNoSuchVersion, kDeleteMarkerVersion.
Result<Found> FindObject(Core& core, const Bucket& bucket, std::string_view key, std::string_view version);

// Adds to the batch what makes `entry` the latest version of `key` over `current`, by the bucket's versioning: older
// bytes are kept or released. Expects the bucket and the current entry.
Status PutLatest(Core& core, kv::Batch& batch, const Stored<BucketRecord>& bucket, std::string_view key,
                 const std::optional<Stored<Entry>>& current, Entry& entry);

// Adds to the batch what removes a version for good; the newest of the older ones becomes the latest.
Status RemoveVersion(Core& core, kv::Batch& batch, const Bucket& bucket, std::string_view key, const Found& found);

// Adds to the batch what writes a version that was changed where it lies.
void PutChanged(kv::Batch& batch, const Found& found);

}  // namespace aloft::objects
