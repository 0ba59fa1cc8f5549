// How many instances a target should have: pure functions of what was measured.
//
// Target tracking. A metric of the load (invocations per instance) asks for load / target instances, whatever there are
// now; a metric of how busy they are (CPU) asks for instances * metric / target. More than there are: scale out, at
// once; what was added since the metric was measured counts. Fewer: only where the metric asked for no more than that
// during the whole ScaleInCooldown, with a tenth of slack, so that one quiet minute in a busy hour ends nothing.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foundation/base/clock.h"

namespace aloft::scaling {

// One target tracking policy, and what its metric says of the last minute.
struct Tracking {
  std::string policy;
  double target = 1;
  std::optional<double> value;  // absent: nothing was measured; asks for nothing
  bool is_load = false;         // of all instances together
  bool scale_in = true;
  std::chrono::seconds out_cooldown{300}, in_cooldown{300};
};

// What a policy asked for lately, oldest first: instances below which it would not scale in.
struct History {
  std::optional<Time> since;
  std::deque<std::pair<Time, int>> asked;
  std::optional<Time> fewer_since;  // fewer than there are would have been enough
};

struct TargetView {
  int least = 0, most = 1;
  int wished = 0;
  std::optional<Time> scaled_out;
  int before_out = 0;
  Time now;
};

struct Wish {
  int instances = 0;
  std::string policy;  // that asks for it
};

// The instances that the target should have now; absent: as it is. Of several policies the one that asks for most
// scales out, and all must agree to scale in. `histories`: one for each policy, kept by the caller between calls and
// cleared when the capacity changes.
std::optional<Wish> Track(const TargetView& view, const std::vector<Tracking>& policies,
                          std::vector<History*> histories);

// Step scaling.
struct Step {
  std::optional<double> lower, upper;  // of the difference between metric and threshold; absent: unbounded
  int adjustment = 0;
};
enum class Adjustment { kChange, kPercent, kExact };

// The instances after the step that `difference` lies in; `wished` where it lies in none.
int ApplySteps(const std::vector<Step>& steps, Adjustment kind, int least_change, double difference, int wished);

}  // namespace aloft::scaling
