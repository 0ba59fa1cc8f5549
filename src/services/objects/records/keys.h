// The keys of everything the object store keeps, and the spaces they live in. docs/formats/objects.md describes them.
#pragma once

#include <string>
#include <string_view>

#include "foundation/base/result.h"
#include "foundation/blob/store.h"
#include "services/objects/contract/types.h"

namespace aloft::objects {

inline constexpr char kBucketSpace[] = "objects.bucket";      // name -> bucket; names are unique in the installation
inline constexpr char kOwnedSpace[] = "objects.owned";        // account, name -> bucket, for ListBuckets
inline constexpr char kIndexSpace[] = "objects.index";        // account, region, bucket, key -> entry
inline constexpr char kVersionSpace[] = "objects.version";    // account, region, bucket, key, position -> older
                                                              // version
inline constexpr char kInlineSpace[] = "objects.inline";      // account, region, tag -> small body
inline constexpr char kUploadSpace[] = "objects.upload";      // account, region, bucket, key, upload id -> upload
inline constexpr char kPartSpace[] = "objects.part";          // account, region, upload id, number -> part
inline constexpr char kRestoredSpace[] = "objects.restored";  // end of restore, tag -> which version
inline constexpr char kHolderSpace[] = "objects.holder";      // blob, tag -> who holds the blob
inline constexpr char kGarbageSpace[] = "objects.garbage";    // time, blob, tag -> nothing: look whether anyone holds
                                                              // it

inline constexpr char kSettingSpace[] = "objects.setting";  // account, region, bucket, name -> a document of the API's

inline constexpr char kScrubSpace[] = "objects.scrub";  // "place" -> where the round of checking stands

inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kPositionBytes = 16;
inline constexpr std::size_t kUploadIdChars = 32;

std::string OwnedKey(const AccountId& account, std::string_view bucket);
// Everything of one bucket in the index begins with this.
std::string IndexPrefix(const Bucket& bucket);
std::string IndexKey(const Bucket& bucket, std::string_view key);
// Older versions: their keys order as (key, position). A name's escaped form has no end mark, so that it is a prefix
// too.
std::string EscapeName(std::string_view name);
std::string VersionPrefix(const Bucket& bucket, std::string_view key);
std::string VersionKey(const Bucket& bucket, std::string_view key, std::string_view position);
// Of a key without IndexPrefix: the name and the position in it. kCorrupt.
struct VersionName {
  std::string name{};
  std::string_view position{};
};
Result<VersionName> SplitVersionKey(std::string_view rest);
std::string InlineKey(const Bucket& bucket, std::string_view tag);
std::string SettingKey(const Bucket& bucket, std::string_view name);
std::string UploadPrefix(const Bucket& bucket);
std::string UploadKey(const Bucket& bucket, std::string_view key, const UploadId& upload);
std::string PartPrefix(const Bucket& bucket, const UploadId& upload);
std::string PartKey(const Bucket& bucket, const UploadId& upload, int number);
std::string HolderPrefix(const blob::BlobId& blob);
std::string HolderKey(const blob::BlobId& blob, std::string_view tag);

std::string GarbageKey(Time released, const blob::BlobId& blob, std::string_view tag);
std::string RestoredKey(Time expires, std::string_view tag);
Time GarbageTime(std::string_view key);
blob::BlobId GarbageBlob(std::string_view key);

// The least text above everything that begins with `prefix`; empty where there is none.
std::string After(std::string_view prefix);

}  // namespace aloft::objects
