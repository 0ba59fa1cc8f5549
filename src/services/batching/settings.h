// What the owner of a model wishes of its batching: variables of the model's container. Pure.
//
//   ALOFT_BATCH         "auto" (the default): requests that wait are computed together where that is quicker; "off"
//   ALOFT_BATCH_P99_MS  0.1 to 60000: 99 of 100 requests shall be answered by the worker within this time
//   ALOFT_BATCH_MAX     1 to 4096: rows of one call of the model at most; a request that has more is divided
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "foundation/base/result.h"

namespace aloft::batching {

inline constexpr Reason kBadSetting{ErrorKind::kInvalid, "BadBatchSetting"};

inline constexpr char kModeVariable[] = "ALOFT_BATCH";
inline constexpr char kGoalVariable[] = "ALOFT_BATCH_P99_MS";
inline constexpr char kMaxVariable[] = "ALOFT_BATCH_MAX";

struct Settings {
  bool on = true;
  std::optional<std::chrono::microseconds> goal;  // of the 99th percentile, from a request's decoding to its answer
  int most = 256;                                 // rows of a call
  bool divides = false;                           // requests of more rows; else they are one call, as they came
};

// kBadSetting names the variable and what it may be.
Result<Settings> SettingsOf(const std::map<std::string, std::string>& variables);

}  // namespace aloft::batching
