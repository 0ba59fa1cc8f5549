// What is in a bucket, in the byte order of keys, a page at a time. services/objects/service.h has the contract of
// each.
#pragma once

#include "services/objects/contract/listing_types.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

Result<ListPage> ListObjects(Core& core, const AccountId& account, const ListRequest& request);
Result<ListVersionsPage> ListVersions(Core& core, const AccountId& account, const ListVersionsRequest& request);

}  // namespace aloft::objects
