// Alarms as they are stored.
#pragma once

#include <optional>
#include <string>

#include "foundation/base/clock.h"
#include "generated/shapes/cloudwatch/alarms.h"
#include "platform/telemetry/types.h"

namespace aloft::alarms {

using telemetry::Scope;

enum class State { kInsufficientData, kOk, kAlarm };
// "INSUFFICIENT_DATA", "OK", "ALARM"
std::string_view ToString(State state);
std::optional<State> ParseState(std::string_view text);

struct Alarm {
  Scope scope;
  shapes::cloudwatch::PutMetricAlarmInput wish;
  Time configured;  // last
  State state = State::kInsufficientData;
  std::string reason, reason_data;
  Time updated, transitioned;   // of state
  std::optional<double> value;  // the newest that was compared
  std::optional<Time> held;     // set by hand: not evaluated before

  std::string name() const { return wish.alarm_name.value_or(""); }
};

}  // namespace aloft::alarms
