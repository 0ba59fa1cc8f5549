#include "platform/compute/task.h"

#include <algorithm>
#include <array>

namespace aloft::compute {
namespace {

constexpr std::array<std::string_view, 6> kPhases = {"Pending", "Preparing", "Staging",
                                                     "Running", "Uploading", "Ended"};
constexpr std::array<std::string_view, 11> kOutcomes = {"None",         "Succeeded",   "Failed",   "Stopped",
                                                        "MaxRuntime",   "OutOfMemory", "DiskFull", "InputRefused",
                                                        "OutputFailed", "CannotRun",   "Lost"};

template <class Enum, std::size_t N>
std::optional<Enum> Parse(const std::array<std::string_view, N>& names, std::string_view text) {
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view ToString(Phase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}

std::string_view ToString(Outcome outcome) {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}

std::optional<Phase> ParsePhase(std::string_view text) {
  return Parse<Phase>(kPhases, text);
}

std::optional<Outcome> ParseOutcome(std::string_view text) {
  return Parse<Outcome>(kOutcomes, text);
}

}  // namespace aloft::compute
