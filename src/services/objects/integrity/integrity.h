// What is stored held against itself, counted, and given back when nobody holds it. services/objects/service.h has the
// contract of each.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "services/objects/contract/check_types.h"
#include "services/objects/engine/core.h"

namespace aloft::objects {

Result<CheckReport> Check(Core& core, const CheckOptions& options, const std::function<void(const Problem&)>& report);
Result<ScrubStep> Scrub(Core& core, const CheckOptions& options, std::chrono::microseconds interval,
                        const std::function<void(const Problem&)>& report);
Result<Usage> Count(Core& core, const AccountId& account, std::string_view bucket, std::string_view prefix);
Result<ReclaimReport> Reclaim(Core& core, std::chrono::microseconds grace, std::size_t limit);
Result<ReclaimReport> SweepOrphans(Core& core, std::chrono::microseconds min_age);

}  // namespace aloft::objects
