// Buckets: made, found, listed, versioned, locked, deleted. services/objects/service.h has the contract of each.
#pragma once

#include <string_view>

#include "services/objects/contract/listing_types.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

Result<Bucket> CreateBucket(Core& core, const AccountId& account, const Region& region, std::string_view bucket,
                            const Pairs& settings, bool lock);
Result<Bucket> HeadBucket(Core& core, const AccountId& account, std::string_view bucket);
Status DeleteBucket(Core& core, const AccountId& account, std::string_view bucket);
Result<BucketsPage> ListBuckets(Core& core, const AccountId& account, std::string_view prefix, std::string_view after,
                                std::size_t limit);
Result<BucketsPage> ListAllBuckets(Core& core, std::string_view after, std::size_t limit);
Status SetVersioning(Core& core, const AccountId& account, std::string_view bucket, Versioning versioning);
Status SetLockConfiguration(Core& core, const AccountId& account, std::string_view bucket,
                            const LockConfiguration& lock);

}  // namespace aloft::objects
