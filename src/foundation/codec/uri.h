// Percent encoding, query strings and HTML forms.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aloft::codec {

// Everything but A-Z a-z 0-9 - . _ ~ becomes %XX (upper case); '/' stays where `keep_slash`. The rule of AWS
// signatures.
std::string PercentEncode(std::string_view text, bool keep_slash = false);
// Absent where a '%' is not followed by two hexadecimal digits. '+' stays '+'.
std::optional<std::string> PercentDecode(std::string_view text);

// Name and value, decoded, in the order they came; a name without '=' has an empty value. In queries and forms '+' is a
// space. Absent where the encoding is broken.
using Query = std::vector<std::pair<std::string, std::string>>;
std::optional<Query> ParseQuery(std::string_view text);

// The first value of that name, or null.
const std::string* Find(const Query& query, std::string_view name);

}  // namespace aloft::codec
