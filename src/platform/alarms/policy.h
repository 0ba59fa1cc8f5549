// Which state an alarm has: a pure function of what was measured.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "foundation/base/result.h"
#include "platform/alarms/types.h"

namespace aloft::alarms {

// How many periods are looked at beyond EvaluationPeriods, to fill in for those that have nothing.
inline constexpr int kExtraPeriods = 2;

struct Verdict {
  State state = State::kInsufficientData;
  std::string reason;
  std::optional<double> value;  // the newest
};

// `values`: of the complete periods, oldest first, absent where nothing was measured; at most EvaluationPeriods +
// kExtraPeriods of them count. Treats what is missing as the alarm says.
Verdict Evaluate(const Alarm& alarm, const std::vector<std::optional<double>>& values);

// kBadAlarm, kBadCombination; kNotBuilt names what is not built.
Status Check(const shapes::cloudwatch::PutMetricAlarmInput& request);

}  // namespace aloft::alarms
