#include "services/training/spot_hours.h"

namespace aloft::training {
namespace {

// "08:30"; absent where it is no time of a day.
std::optional<int> MinutesOf(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (std::size_t at : {0u, 1u, 3u, 4u})
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
  int hours = (text[0] - '0') * 10 + (text[1] - '0');
  int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return hours * 60 + minutes;
}

}  // namespace

Result<SpotHours> SpotHours::Parse(std::string_view text) {
  SpotHours hours;
  if (text.empty()) return hours;
  auto opens = text.size() == 11 && text[5] == '-' ? MinutesOf(text.substr(0, 5)) : std::nullopt;
  auto closes = opens ? MinutesOf(text.substr(6)) : std::nullopt;
  if (!closes || *opens == *closes)
    return Fail(kInvalidArgument, "spot_hours are two different times of a day in UTC, such as 18:00-08:00, not '" +
                                      std::string(text) + "'");
  hours.opens_ = *opens;
  hours.closes_ = *closes;
  return hours;
}

std::optional<Time> SpotHours::ClosedUntil(Time now) const {
  if (opens_ == closes_) return std::nullopt;
  const Time midnight = std::chrono::floor<std::chrono::days>(now);
  const auto minute = std::chrono::floor<std::chrono::minutes>(now - midnight).count();
  const bool open = opens_ < closes_ ? minute >= opens_ && minute < closes_ : minute >= opens_ || minute < closes_;
  if (open) return std::nullopt;
  Time opens = midnight + std::chrono::minutes(opens_);
  if (opens <= now) opens += std::chrono::hours(24);
  return opens;
}

}  // namespace aloft::training
