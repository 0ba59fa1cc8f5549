// Scalars <-> text, as the text-based protocols spell them. For the codecs of this room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/shapes/shape.h"

namespace aloft::shapes {

// Appends. `format` must not be kDefault. At most milliseconds.
void FormatTimestamp(Time time, TimestampFormat format, std::string& out);
// Seconds since 1970, ISO-8601 or HTTP date, whichever it is.
std::optional<Time> ParseTimestamp(std::string_view text);

// Appends a scalar as text; blobs as base64, times as the member, the shape or else `fallback` says.
void FormatScalar(const Shape& shape, const void* value, TimestampFormat format, std::string& out);
// Into an object of the shape's type. False where the text is none.
bool ParseScalar(const Shape& shape, std::string_view text, void* out);

// The format of a timestamp that a member holds.
TimestampFormat FormatOf(const Shape& shape, const Member* member, TimestampFormat fallback);

// "NaN", "Infinity", "-Infinity", else shortest-exact.
std::string FormatFloat(double value, bool single);
std::optional<double> ParseFloat(std::string_view text);

// "an Integer", "a String", for messages.
std::string_view NameOfKind(Kind kind);

}  // namespace aloft::shapes
