// Judging one stored record: whether what it names is there, whether what it holds has an owner. Looks, mends nothing.
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

// `space` is one of those whose records have bytes. kCorrupt.
Result<CheckedRecord> DecodeChecked(std::string_view space, const kv::Entry& entry);

// What is wrong with one segment; with `verify` all its bytes are read.
Result<std::optional<ProblemKind>> JudgeSegment(Core& core, const CheckedRecord& record, const Segment& segment,
                                                bool verify);

// Whether any version or part of the name that a holder gives has this segment.
Result<bool> HasOwner(Core& core, std::string_view holder_key, std::string_view holder_value);

}  // namespace aloft::objects
