// A pattern and a message, divided by a NUL: parsed or refused, and matched in bounded time.
#include <cstdint>
#include <string_view>

#include "platform/telemetry/filter_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\0');
  auto pattern = aloft::telemetry::FilterPattern::Parse(text.substr(0, cut));
  if (pattern.ok() && cut != std::string_view::npos) static_cast<void>(pattern->Matches(text.substr(cut + 1)));
  return 0;
}
