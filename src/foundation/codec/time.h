// Text and numbers <-> Time. All of it is UTC; years 0001 to 9999.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"

namespace aloft::codec {

// "2026-11-22T11:05:09.123Z"
std::string FormatIso8601Millis(Time time);
// "2026-11-22T11:05:09Z"
std::string FormatIso8601(Time time);
// "20261122T110509Z", the form of signatures.
std::string FormatBasic(Time time);
// "Sun, 22 Nov 2026 11:05:09 GMT", the form of HTTP headers.
std::string FormatHttpDate(Time time);

// A date and time with 'T', 't' or a space between, any number of fraction digits, and 'Z' or an offset such as +02:00;
// without a zone it is UTC; a date alone is its midnight.
std::optional<Time> ParseIso8601(std::string_view text);
std::optional<Time> ParseBasic(std::string_view text);
// The three forms of HTTP: RFC 1123 (also with a numeric zone, as mail has it), RFC 850 and asctime.
std::optional<Time> ParseHttpDate(std::string_view text);

// Seconds since 1970 with fractions, exact to the microsecond until the year 2100.
double ToEpochSeconds(Time time);
// Absent where the number is no time of the years 0001 to 9999.
std::optional<Time> FromEpochSeconds(double seconds);

}  // namespace aloft::codec
