// An export: the log, or its end, as JSON lines that a person and a SIEM can read and that `Verify` still proves.
// docs/formats/audit.md
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/kv/store.h"
#include "platform/audit/errors.h"

namespace aloft::audit {

struct ExportSummary {
  std::uint64_t records = 0, blocks = 0;
};
// From the first block at or after `from` to the end. `line` comes without its line feed.
Result<ExportSummary> Export(kv::Store& store, Time from, const std::function<Status(std::string_view line)>& write);

// The other way: fills a store in memory, for Verify. `next` returns the next line, or false at the end.
// Errors: kBadExport with the number of the line.
Result<std::unique_ptr<kv::Store>> LoadExport(const std::function<bool(std::string& line)>& next);

}  // namespace aloft::audit
