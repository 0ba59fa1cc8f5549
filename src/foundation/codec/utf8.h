// UTF-8: what is valid, and where characters begin.
#pragma once

#include <cstddef>
#include <string_view>

namespace aloft::codec {

// Bytes of the valid character at the front of `text`, 1 to 4; 0 where there is none (surrogates, overlong forms and
// values past U+10FFFF are not valid).
std::size_t Utf8Length(std::string_view text);
bool IsUtf8(std::string_view text);
// Characters, counting each invalid byte as one.
std::size_t CountCharacters(std::string_view text);

}  // namespace aloft::codec
