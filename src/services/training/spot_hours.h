// The hours of each day in which managed spot jobs may use this machine, in UTC: "18:00-08:00" is every night.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::training {

class SpotHours {
 public:
  SpotHours() = default;  // always
  // Empty: always. kInvalidArgument where it is no two different times of a day.
  static Result<SpotHours> Parse(std::string_view text);

  // Until when they may not; absent: they may now.
  std::optional<Time> ClosedUntil(Time now) const;

 private:
  int opens_ = 0, closes_ = 0;  // minutes of the day; equal: always
};

}  // namespace aloft::training
