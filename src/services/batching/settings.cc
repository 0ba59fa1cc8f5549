#include "services/batching/settings.h"

#include <charconv>

namespace aloft::batching {
namespace {

constexpr double kMinGoal = 0.1, kMaxGoal = 60'000;
constexpr int kMaxRows = 4096;

template <class T>
std::optional<T> NumberOf(const std::string& text) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error Bad(const char* variable, const char* what, const std::string& text) {
  return Fail(kBadSetting, std::string(variable) + " must be " + what + ": '" + text.substr(0, 64) + "'.");
}

}  // namespace

Result<Settings> SettingsOf(const std::map<std::string, std::string>& variables) {
  Settings settings;
  if (auto given = variables.find(kModeVariable); given != variables.end()) {
    if (given->second != "auto" && given->second != "off") return Bad(kModeVariable, "auto or off", given->second);
    settings.on = given->second == "auto";
  }
  if (auto given = variables.find(kGoalVariable); given != variables.end()) {
    std::optional<double> goal = NumberOf<double>(given->second);
    if (!goal || !(*goal >= kMinGoal && *goal <= kMaxGoal)) {
      return Bad(kGoalVariable, "a number of milliseconds from 0.1 to 60000", given->second);
    }
    settings.goal = std::chrono::microseconds(static_cast<std::int64_t>(*goal * 1000));
  }
  if (auto given = variables.find(kMaxVariable); given != variables.end()) {
    std::optional<int> most = NumberOf<int>(given->second);
    if (!most || *most < 1 || *most > kMaxRows)
      return Bad(kMaxVariable, "a number of rows from 1 to 4096", given->second);
    settings.most = *most;
    settings.divides = true;
  }
  return settings;
}

}  // namespace aloft::batching
