// Schedules as EventBridge and Application Auto Scaling write them: "at(2026-11-22T11:05:00)", "rate(5 minutes)",
// "cron(0 9 ? * MON-FRI *)". All of it is UTC.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
//
// cron's six fields are minutes, hours, day of month, month, day of week (1 or SUN to 7 or SAT) and year; each is *, a
// value, a range, a list, or one of them with a step; one of the two days is '?'. 'L' as day of month is its last day.
// 'W', '#' and 'L' as day of week are refused by name.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "foundation/base/clock.h"
#include "foundation/base/result.h"

namespace aloft::codec {

struct Schedule {
  enum class Kind { kAt, kRate, kCron } kind = Kind::kAt;
  Time at{};                     // kAt
  std::chrono::minutes rate{0};  // kRate
  // kCron; bits are the values themselves, years count from kFirstYear.
  static constexpr int kFirstYear = 1970;
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;
  std::bitset<13> months;
  std::bitset<8> weekdays;  // 1 is Sunday
  std::bitset<230> years;
  bool last_day = false;  // of the month, beside `days`
};

// kMalformedText says which field cannot be read.
Result<Schedule> ParseSchedule(std::string_view text);

// The first time after `after` that the schedule names; absent where there is none. A rate counts from `origin`.
std::optional<Time> NextAfter(const Schedule& schedule, Time after, Time origin);

}  // namespace aloft::codec
