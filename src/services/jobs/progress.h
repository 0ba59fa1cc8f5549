// How far a job is, read from what it prints: "epoch 3/10", "step 12 of 100", "45%".
#pragma once

#include <optional>
#include <string_view>

namespace aloft::jobs {

// Between 0 and 1; absent where the line tells nothing. A second pair counts within the first, which then names what is
// under way: "epoch 3/10, batch 50/100" is a quarter.
std::optional<double> ProgressOf(std::string_view line);

}  // namespace aloft::jobs
