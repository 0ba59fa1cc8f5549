#include "services/serving/endpoints/types.h"

namespace aloft::serving {
namespace {

constexpr std::string_view kNames[] = {"Creating", "Updating", "InService", "Deleting", "Failed"};

}  // namespace

std::string_view ToString(EndpointStatus status) {
  return kNames[static_cast<std::size_t>(status)];
}

std::optional<EndpointStatus> ParseStatus(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == text) return static_cast<EndpointStatus>(i);
  }
  return std::nullopt;
}

}  // namespace aloft::serving
