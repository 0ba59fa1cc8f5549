// What a bucket's owner wants listed, where to and how often.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/clock.h"
#include "foundation/base/id.h"
#include "foundation/base/result.h"
#include "services/objects/contract/encryption_types.h"

namespace aloft::inventory {

// In the order of a file's columns, which is S3's.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
enum class Field {
  kSize,
  kLastModifiedDate,
  kETag,
  kStorageClass,
  kIsMultipartUploaded,
  kReplicationStatus,
  kEncryptionStatus,
  kObjectLockRetainUntilDate,
  kObjectLockMode,
  kObjectLockLegalHoldStatus,
  kIntelligentTieringAccessTier,
  kBucketKeyStatus,
  kChecksumAlgorithm,
  kObjectOwner,
  kLifecycleExpirationDate,
};
std::string_view ToString(Field field);

struct Destination {
  std::string bucket{};
  AccountId account{};  // whose it must be; empty: anybody's
  std::string prefix{};
  objects::EncryptionRequest encryption{};  // kNone: as the bucket does by default
};

struct Configuration {
  std::string id{};
  bool enabled = false;
  bool weekly = false;          // else daily
  bool all_versions = false;    // else the latest, without delete markers
  std::string prefix{};         // of the keys that are listed
  std::vector<Field> fields{};  // ascending, each once
  Destination destination{};
};

// From the document that the bucket keeps: S3's InventoryConfiguration, which the API has validated. kCorrupt.
Result<Configuration> ParseConfiguration(std::string_view document);
// What a bucket's default encryption asks for, from the ServerSideEncryptionConfiguration that it keeps. kCorrupt.
Result<objects::EncryptionRequest> ParseDefaultEncryption(std::string_view document);

// The midnight (UTC) at which the period of `now` began: a day, or a week from Sunday on.
Time PeriodOf(const Configuration& configuration, Time now);
// Whether an inventory is to be made now; `last` is the period of the last one. The first is due at once.
bool IsDue(const Configuration& configuration, const std::optional<Time>& last, Time now);

}  // namespace aloft::inventory
