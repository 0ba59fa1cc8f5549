#include "services/transform/types.h"

namespace aloft::transform {
namespace {

constexpr std::string_view kNames[] = {"InProgress", "Completed", "Failed", "Stopping", "Stopped"};

}  // namespace

std::string_view ToString(JobStatus status) {
  return kNames[static_cast<std::size_t>(status)];
}

std::optional<JobStatus> ParseStatus(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == text) return static_cast<JobStatus>(i);
  }
  return std::nullopt;
}

}  // namespace aloft::transform
