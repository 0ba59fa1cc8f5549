// Judging one stored record: whether what it names is there. Looks, mends nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/objects/contract/check_types.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

// What an entry, an older version or a part says of its bytes.
struct CheckedRecord {
  std::vector<Segment> segments{};
  Bucket place{};
  std::string holder_value{};  // of the records that hold its blobs
};

// Of a key that begins with account, region and bucket and has at least so many parts. kCorrupt.
Result<Bucket> PlaceOf(std::string_view names, std::size_t least);
// `space` is one of those whose records have bytes. kCorrupt.
Result<CheckedRecord> DecodeChecked(std::string_view space, const kv::Entry& entry);

// What is wrong with one segment; with `verify` all its bytes are read.
Result<std::optional<ProblemKind>> JudgeSegment(Core& core, const CheckedRecord& record, const Segment& segment,
                                                bool verify);

}  // namespace aloft::objects
