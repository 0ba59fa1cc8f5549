// The object store's rules, as pure functions.
#pragma once

#include <string_view>

#include "foundation/base/result.h"
#include "services/objects/contract/errors.h"
#include "services/objects/contract/types.h"
#include "services/objects/contract/upload_types.h"

namespace aloft::objects {

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
Status CheckBucketName(std::string_view name);
Status CheckKey(std::string_view key, const Limits& limits);
Status CheckAttributes(const Attributes& attributes, const Limits& limits);
Status CheckTags(const Pairs& tags, const Limits& limits);
// Where the bytes of a storage class lie, and how.
enum class Tier { kPlain, kCompressed, kArchive };
Tier TierOf(std::string_view storage_class);
bool IsConditional(const WriteCondition& condition);
// `current`: null where the key is absent.
Status CheckCondition(const WriteCondition& condition, const ObjectInfo* current);
// Object lock.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html Whether a version may go: kVersionLocked under
// a legal hold, or retained; `bypass` opens governance only.
Status CheckRemovable(const Lock& lock, Time now, bool bypass);
// kInvalidRetention; kVersionLocked where the change would loosen what binds.
Status CheckRetentionChange(const Retention& old, const Retention& wanted, Time now, bool bypass);
Status CheckDefaultRetention(const DefaultRetention& retention);
// What a new version is locked with in this bucket. kNoLockConfiguration, kInvalidRetention.
Result<Lock> LockOfNew(const Bucket& bucket, const Lock& wanted, Time now);

// Parts ascending, each there with its ETag and checksum, large enough, together not too large. `stored` are the parts
// that exist, ascending; on success `chosen` holds the indexes of the ones that count.
Status CheckParts(const std::vector<CompletedPart>& wanted, const std::vector<Part>& stored, const Limits& limits,
                  std::vector<std::size_t>& chosen);

}  // namespace aloft::objects
