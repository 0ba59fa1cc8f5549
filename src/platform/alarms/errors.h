// Why alarms refuse.
#pragma once

#include "foundation/base/error.h"

namespace aloft::alarms {

inline constexpr Reason kNoSuchAlarm{ErrorKind::kNotFound, "NoSuchAlarm"};
inline constexpr Reason kBadAlarm{ErrorKind::kInvalid, "BadAlarm"};
inline constexpr Reason kBadCombination{ErrorKind::kInvalid, "BadAlarmCombination"};
inline constexpr Reason kTooManyAlarms{ErrorKind::kExhausted, "TooManyAlarms"};
inline constexpr Reason kBadToken{ErrorKind::kInvalid, "BadAlarmToken"};
inline constexpr Reason kNotBuilt{ErrorKind::kUnimplemented, "AlarmNotBuilt"};

inline constexpr Reason kReasons[] = {kNoSuchAlarm, kBadAlarm, kBadCombination, kTooManyAlarms, kBadToken, kNotBuilt};

}  // namespace aloft::alarms
