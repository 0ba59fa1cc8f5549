// Where a version stands among those of its key: 16 bytes that order the newest first, 8 of inverted microseconds and 8
// random ones. In text, lower-case hexadecimal, they are the version's id. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/random.h"
#include "services/objects/records/records.h"

namespace aloft::objects {

inline constexpr std::string_view kNullVersion = "null";

// Of an entry from before versions: that of its time.
std::string PositionOf(const Entry& entry);
// Newer than `current`, whatever the clock says; of `now` where it can be. Null: nothing is there.
std::string NextPosition(Time now, Random& random, const Entry* current);

// Of an id other than "null"; absent where the text is none.
std::optional<std::string> ParseVersionId(std::string_view id);

// Adds to the entry's info what is not stored in it: key, version id, whether it is the latest.
void Present(Entry& entry, const Bucket& bucket, std::string_view key, bool latest);

}  // namespace aloft::objects
