#include "services/resources/arn.h"

namespace aloft::resources {

std::optional<Arn> ParseArn(std::string_view text) {
  std::string_view parts[5];
  for (std::string_view& part : parts) {
    std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    part = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (parts[0] != "arn" || text.empty()) return std::nullopt;
  std::size_t slash = text.find('/');
  Arn arn{std::string(parts[1]),
          std::string(parts[2]),
          std::string(parts[3]),
          std::string(parts[4]),
          std::string(text.substr(0, slash)),
          {}};
  if (slash != std::string_view::npos) arn.name = std::string(text.substr(slash + 1));
  return arn;
}

}  // namespace aloft::resources
