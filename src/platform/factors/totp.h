// One-time codes by time: RFC 6238 with SHA-1, 30 seconds and six digits, which every authenticator app speaks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"

namespace aloft::factors {

// The number of the 30-second step that holds `time`.
std::int64_t StepOf(Time time);
// "287082"
std::string CodeOf(std::string_view seed, std::int64_t step);

// The step that `code` is good for: at most `window` before or after now (shifted by `drift` steps), and after
// `last_step`, so that no code works twice. Absent where there is none. Constant time in the code.
std::optional<std::int64_t> MatchCode(std::string_view seed, std::string_view code, Time now, std::int64_t drift,
                                      std::int64_t last_step, int window = 1);
// The step of the second of two codes that follow one another, searched `window` steps around now.
std::optional<std::int64_t> MatchTwoCodes(std::string_view seed, std::string_view first, std::string_view second,
                                          Time now, int window);

// RFC 4648 base 32, without padding: how a seed is shown to people and apps.
std::string Base32(std::string_view bytes);

}  // namespace aloft::factors
