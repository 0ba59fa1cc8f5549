// Many records at once, as the blocks name them.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "foundation/base/result.h"
#include "foundation/kv/store.h"
#include "platform/audit/records.h"

namespace aloft::audit {

// Calls `each` with every record of `entries` that is stored, as JSON, in the order of their keys; what was pruned or
// cut is left out. Records that were made at about one time lie side by side: they are read in runs, not one by one.
// Ends with the first error of the store or of `each`.
Status ReadRecords(kv::Store& store, std::span<const Block::Entry> entries,
                   const std::function<Status(const RecordName& name, std::string json)>& each);

}  // namespace aloft::audit
